"""From an identity to a login: network, clock, registration where there is no credential yet.

Needed once a boot and unloaded before the session. `come_online` is a generator of the
milliseconds to wait, so that a blocking caller and an event loop can both drive it.
"""

import os
import struct

from micropython import const

from . import heap
from .errors import AlinkError, ProtocolError, RefusedError, StoreError, TransportError
from .transport import context, dial

_SLICE_MS = const(200)


def come_online(fields, network, feed, securemode, log):
    """Yield the milliseconds to wait; return (endpoint, TLS context, CONNECT fields) in the end.

    `fields` is what `identity.identify` gathered; a credential is added to it. Raises
    RefusedError when the platform refuses the registration, StoreError when flash does not keep
    the credential.
    """
    yield from _join_network(fields, network, log)
    yield from _set_clock(fields, feed, log)
    endpoint = _endpoint(fields)
    tls = context(fields.get("Ca") or _roots(endpoint[1]))
    yield from _register(fields, endpoint, tls, feed, securemode, log)
    from .login import connect_fields

    login = connect_fields(fields)
    heap.unload("login", "sign")
    return endpoint, tls, login


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
    heap.unload("clock", "plain")


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


def _roots(port):
    # Only what the port's chain needs: each root costs heap.
    if port == 8883:
        from .roots import aliyun

        roots = [aliyun.DER]
    else:
        from .roots import globalsign_r1, globalsign_r6

        roots = [globalsign_r1.DER, globalsign_r6.DER]
    heap.unload("roots.aliyun", "roots.globalsign_r1", "roots.globalsign_r6", "roots")
    return roots


def _register(fields, endpoint, tls, feed, securemode, log):
    # Until there is a credential; nothing where there is one.
    longest = 30000
    while "DeviceSecret" not in fields and "DeviceToken" not in fields:
        yield from _sleep(_attempts_wait(fields))
        try:
            _register_once(fields, endpoint, tls, feed, securemode, log)
        except (TransportError, ProtocolError) as error:
            heap.unload("register", "sign", "store", "places", "record", "certificate")
            # Jitter, so that a whole line does not come back at once.
            wait = longest - longest * os.urandom(1)[0] // 1024
            longest = min(longest * 2, 3600000)
            log("not registered: %s; next try in %d s" % (error, wait // 1000))
            yield from _sleep(wait)


def _sleep(ms):
    while ms > 0:
        yield min(ms, 60000)
        ms -= 60000


def _register_once(fields, endpoint, tls, feed, securemode, log):
    from . import places
    from .register import register

    method = fields.get("Method", b"register")
    spends = method == b"regnwl"  # One of five ClientIDs, each time it succeeds.
    begun = places.tries() if spends else 0
    if spends:
        places.set_tries(begun + 1)
    connection = None
    try:
        connection = dial(endpoint, tls, feed)
        client, answer = register(connection, fields, method, securemode)
    except AlinkError as error:
        spent = connection and connection.written and not isinstance(error, RefusedError)
        if spends and not spent:
            places.set_tries(begun)  # No CONNECT has left, or it was refused.
        raise
    log("registered by %s" % method.decode())
    register = None
    heap.unload("register", "sign")
    try:
        _keep(fields, answer, log)
    finally:
        client.disconnect()
    if spends:
        places.set_tries(0)
    places = None
    heap.unload("places", "record")


def _keep(fields, answer, log):
    # Persisted and read back before the connection ends and before anything logs in.
    from .certificate import credential
    from .store import Store

    made = credential(fields, answer)
    log("credential stored in %s" % Store(log).save(made))
    fields.update(made)
    Store = credential = None
    heap.unload("store", "places", "record", "certificate")


def _attempts_wait(fields):
    # A reboot loop must not spend all five ClientIDs.
    if fields.get("Method") != b"regnwl":
        return 0
    from .places import tries

    begun = tries()
    if begun > 2:
        raise StoreError(
            "three registrations were begun and none ended: check power and network, then run "
            "alink.places.set_tries(0)"
        )
    return 600000 if begun == 2 else 0
