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
    yield from _join_network(boot)
    yield from _set_clock(boot)
    boot.endpoint = _endpoint(boot.fields)
    trusted = boot.fields.get("Ca") or roots(boot.endpoint[1])
    boot.tls = heap.call("session.transport", "context", trusted)


def _join_network(boot):
    fields = boot.fields
    if boot.network is None and "WifiSsid" in fields:
        from . import wifi

        ssid = fields["WifiSsid"].decode()
        password = fields.get("WifiPassword", b"").decode()
        waited = 0
        while not wifi.is_joined():
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


def _set_clock(boot):
    from .. import utc

    wait = 2000
    while not utc.is_set() and not heap.call(
        "boot.clock", "ask_time", boot.fields.get("NtpHost"), boot.feed, boot.log
    ):
        yield wait
        wait = min(wait * 2, 300000)
    heap.unload_steps("boot")
    heap.unload("session", "utc")


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
        from ..roots import aliyun

        found = [aliyun.DER]
    else:
        from ..roots import globalsign_r1, globalsign_r6

        found = [globalsign_r1.DER, globalsign_r6.DER]
    heap.unload("roots")
    return found
