"""What must stand before a dial: the network, the clock, trust. Needed once a boot."""

import struct

from micropython import const

from . import heap
from .errors import TransportError

_SLICE_MS = const(200)


def prepare(fields, network, feed, log):
    """Join the network, set the clock; yield the milliseconds to wait.

    Returns (host, port) to dial and the TLS context to dial with. `fields` are those of
    `identity.identify`.
    """
    yield from _join_network(fields, network, log)
    yield from _set_clock(fields, feed, log)
    endpoint = _endpoint(fields)
    from .transport import context

    return endpoint, context(fields.get("Ca") or roots(endpoint[1]))


def _join_network(fields, network, log):
    if network is None and "WifiSsid" in fields:
        from .wifi import joined

        ssid = fields["WifiSsid"].decode()
        waited = 0
        while not joined(ssid, fields.get("WifiPassword", b"").decode()):
            yield _SLICE_MS
            waited += _SLICE_MS
            if waited % 30000 == 0:
                log(
                    "Wi-Fi %s not joined for %d s; check its name and password"
                    % (ssid, waited // 1000)
                )
        heap.unload("wifi")
    while network and not network():
        yield _SLICE_MS


def _set_clock(fields, feed, log):
    from . import clock

    wait = 2000
    while not clock.is_set():
        hosts = fields.get("NtpHost")
        hosts = hosts.decode().split(",") if hosts else clock.NTP_HOSTS
        try:
            source = clock.synchronise(hosts, clock.HTTP_HOST, feed)
            log("clock set to %s by %s" % (clock.text(clock.now()), source))
        except TransportError as error:
            log("clock not set: %s" % error)
            yield wait
            wait = min(wait * 2, 300000)
    heap.unload("clock", "plain", "transport")


def _endpoint(fields):
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
        from .roots import aliyun

        found = [aliyun.DER]
    else:
        from .roots import globalsign_r1, globalsign_r6

        found = [globalsign_r1.DER, globalsign_r6.DER]
    heap.unload("roots.aliyun", "roots.globalsign_r1", "roots.globalsign_r6", "roots")
    return found
