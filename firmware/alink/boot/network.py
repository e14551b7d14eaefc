"""Prepare the network, the clock and the trusted roots for a dial. Needed once per boot."""

import struct

from micropython import const

from .. import heap

_SLICE_MS = const(200)
_REJOIN_MS = const(10000)  # A station that gave up is asked to join again.


def prepare(boot):
    """Join the network, set the clock; yield the milliseconds to wait.

    Sets `endpoint` and `tls` of a `Boot`.
    """
    yield from join(boot)
    yield from sync(boot)
    boot.endpoint = endpoint(boot.fields)
    trusted = boot.fields.get("Ca") or roots(boot.endpoint[1])
    boot.tls = heap.call("session.transport", "context", trusted)


def join(boot):
    fields = boot.fields
    if boot.network is None and "WifiSsid" in fields:
        wifi = heap.load("boot.wifi")

        ssid = fields["WifiSsid"].decode()
        password = fields.get("WifiPassword", b"").decode()
        waited = 0
        while not wifi.isconnected():
            if waited % _REJOIN_MS == 0:
                wifi.join(ssid, password, boot.log)
            yield _SLICE_MS
            waited += _SLICE_MS
            if waited % 30000 == 0:
                boot.log(
                    "Wi-Fi %s not joined for %d s: %s; check its name and password"
                    % (ssid, waited // 1000, heap.call("boot.wifi_state", "text", wifi.status()))
                )
    while boot.network and not boot.network():
        yield _SLICE_MS


def sync(boot):
    wait = 2000
    while not heap.call("utc", "is_set") and not heap.call(
        "boot.clock", "ask_time", boot.fields.get("NtpHost"), boot.feed, boot.log
    ):
        yield wait
        wait = min(wait * 2, 300000)


def endpoint(fields):
    # The burned host and port, or the instance's, or the product's.
    if "Host" in fields:
        host = fields["Host"]
    elif "InstanceId" in fields:
        host = fields["InstanceId"] + b".mqtt.iothub.aliyuncs.com"
    else:
        region = fields.get("Region", b"cn-shanghai")
        host = b"%s.iot-as-mqtt.%s.aliyuncs.com" % (fields["ProductKey"], region)
    return host.decode(), struct.unpack("<H", fields["Port"])[0] if "Port" in fields else 8883


def roots(port):
    """Return the shipped roots of a port's chain, and no more: each costs heap."""
    if port == 8883:
        return [heap.load("roots.aliyun").DER]
    return [heap.load("roots.globalsign_r1").DER, heap.load("roots.globalsign_r6").DER]
