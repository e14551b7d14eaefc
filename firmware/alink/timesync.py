"""The time by MQTT, on a session that is there already (docs/reference/protocol.md, "NTP")."""

import json
from time import ticks_diff, ticks_ms


def ask(device, on_time):
    """Ask for the time; `on_time(ms)` gets the milliseconds since 1970 of that moment.

    Half of the round trip is added. Raises TransportError when not online.
    """
    identity = "%s/%s" % (device.product_key, device.device_name)

    def take(topic, payload):
        body = json.loads(payload)
        spent = ticks_diff(ticks_ms(), int(body["deviceSendTime"]))
        at_server = int(body["serverRecvTime"])
        held = int(body["serverSendTime"]) - at_server
        on_time(at_server + held + (spent - held) // 2)

    device.subscribe("/ext/ntp/%s/response" % identity, take)
    sent = ticks_ms()
    device.publish("/ext/ntp/%s/request" % identity, b'{"deviceSendTime":"%d"}' % sent)
