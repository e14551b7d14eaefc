"""Needs of clients in the field that no other test shows; `rows` has them all."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Callable

import pytest

from alink_sim.platform import Platform
from tests.platform.gateway import GATEWAY_PK, SUB_PK, Gateway, signed, sub
from tests.platform.http_requests import FORM, exchange, request
from tests.platform.wire import ACCEPTED, Party, Wire, publish, sign, subscribe
from tests.waiting import PATIENCE

PATH = "/auth/register/device"
PK, DN = "a1B2c3D4e5F", "esp32-240AC4A1B2C3"
C3_RANDOM = "8Ygb7ULYh53B6OA"


def _c3(product_key: str, device_name: str, secret: str) -> bytes:
    signed = f"deviceName{device_name}productKey{product_key}random{C3_RANDOM}"
    return (
        f"productKey={product_key}&deviceName={device_name}&random={C3_RANDOM}"
        f"&sign={sign(secret, signed).upper()}&signMethod=hmacsha256"
    ).encode()


@pytest.mark.client_row(2, "the secret within 255 bytes")
def test_secret_ends_within_255_bytes_of_the_response(platform: Platform):
    product = platform.console.create_product(key="k" * 20)
    platform.console.add_device(product.key, "n" * 32, secret="s" * 63)
    asked = request(PATH, _c3(product.key, "n" * 32, product.secret), FORM)
    for _ in range(2):  # It has no other random.
        body = exchange(platform, asked)[1]
        assert body.index(b'"' + b"s" * 63 + b'"') + 65 <= 255


@pytest.mark.client_row(2, "keep-alive, head and body apart")
def test_split_https_requests_work_on_one_connection(platform: Platform, party: Party):
    head, _, body = request(PATH, _c3(PK, DN, party.product.secret), FORM).partition(b"\r\n\r\n")
    context = ssl.create_default_context(cafile=platform.ca_pem)
    plain = socket.create_connection(("127.0.0.1", platform.https_port), timeout=PATIENCE)
    with context.wrap_socket(plain, server_hostname="localhost") as connection:
        for _ in range(2):  # The Node.js SDKs keep the connection alive.
            connection.sendall(head + b"\r\n\r\n")
            connection.sendall(body)
            got = b""
            while b'"success"}' not in got:
                part = connection.recv(65536)
                assert part
                got += part
            assert got.startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.client_row(2, "lengths of credentials")
def test_credentials_fit_the_buffers_of_the_c_sdks(platform: Platform):
    product = platform.console.create_product()
    device = platform.console.add_device(product.key, "dev-1")
    issued = platform.console.issue_client_id(product.key, "dev-1")
    assert len(device.secret) <= 63
    assert len(issued.token) <= 63
    assert len(issued.client_id) <= 69
    assert len(product.key) <= 20


# What each subscribes to, with `%s` for "ProductKey/DeviceName"; one filter a SUBSCRIBE.
N1 = (
    "/sys/%s/thing/event/property/post_reply",
    "/sys/%s/thing/service/property/set",
    "/sys/%s/thing/event/+/post_reply",
    "/sys/%s/thing/deviceinfo/update_reply",
    "/sys/%s/thing/deviceinfo/delete_reply",
    "/sys/%s/thing/config/get_reply",
    "/sys/%s/thing/config/push",
    "/sys/%s/thing/config/push_reply",
    "/sys/%s/thing/topo/add_reply",
    "/sys/%s/thing/topo/delete_reply",
    "/sys/%s/thing/topo/get_reply",
    "/sys/%s/thing/sub/register_reply",
    "/sys/%s/rrpc/request/+",
    "/shadow/get/%s",
    "/ext/session/%s/combine/login_reply",
    "/ext/session/%s/combine/logout_reply",
)
N0_LACKS = ("property/set", "event/+", "config/push", "rrpc")
C3 = (
    "/ota/device/request/%s",
    "/ota/device/upgrade/%s",
    "/sys/%s/thing/config/get_reply",
    "/sys/%s/thing/config/push",
    "/sys/%s/thing/event/+/post_reply",
    "/sys/%s/thing/service/property/set",
    "/sys/%s/thing/service/+",
    "/sys/%s/thing/deviceinfo/update_reply",
    "/sys/%s/thing/deviceinfo/delete_reply",
    "/sys/%s/thing/dynamicTsl/get_reply",
    "/sys/%s/rrpc/request/+",
    "/ext/ntp/%s/response",
    "/ext/error/%s",
    "/sys/%s/thing/model/down_raw",
    "/sys/%s/thing/model/up_raw_reply",
    "/sys/%s/thing/topo/add/notify",
    "/sys/%s/thing/gateway/permit",
    "/sys/%s/thing/sub/register_reply",
    "/sys/%s/thing/sub/unregister_reply",
    "/sys/%s/thing/topo/add_reply",
    "/sys/%s/thing/topo/delete_reply",
    "/sys/%s/thing/topo/get_reply",
    "/sys/%s/thing/list/found_reply",
    "/ext/session/%s/combine/login_reply",
    "/ext/session/%s/combine/logout_reply",
    "/sys/%s/thing/disable",
    "/sys/%s/thing/enable",
    "/sys/%s/thing/delete",
)
FILTERS = {
    "Node.js SDK 1.2.8": N1,
    "Node.js SDK 1.0.1": tuple(one for one in N1 if not any(part in one for part in N0_LACKS)),
    "iotkit-embedded 3.0.1": C3,
    "iotkit-embedded 3.2.0": C3[:5],
}
# The Link SDKs for Python and C and iotkit-embedded 3.2.0 expect these without a SUBSCRIBE.
WITH_SS = (
    "/sys/%s/thing/event/property/post_reply",
    "/sys/%s/thing/event/property/history/post_reply",
    "/sys/%s/thing/event/alarm/post_reply",
    "/sys/%s/thing/deviceinfo/update_reply",
    "/sys/%s/thing/deviceinfo/delete_reply",
    "/sys/%s/thing/property/desired/get_reply",
    "/sys/%s/thing/property/desired/delete_reply",
    "/sys/%s/thing/service/SelfTest",
    "/sys/%s/thing/service/property/set",
    "/sys/%s/thing/model/down_raw",
    "/sys/%s/thing/model/up_raw_reply",
    "/sys/%s/thing/topo/add_reply",
    "/sys/%s/thing/topo/delete_reply",
    "/sys/%s/thing/topo/get_reply",
    "/sys/%s/thing/topo/add/notify",
    "/sys/%s/thing/topo/change",
    "/sys/%s/thing/sub/register_reply",
    "/sys/%s/thing/proxy/provisioning/product_register_reply",
    "/ext/session/%s/combine/login_reply",
    "/ext/session/%s/combine/logout_reply",
    "/ext/session/%s/combine/batch_login_reply",
    "/ext/session/%s/combine/batch_logout_reply",
    "/sys/%s/thing/config/get_reply",
    "/sys/%s/thing/config/push",
    "/sys/%s/thing/config/log/get_reply",
    "/sys/%s/thing/config/log/push",
    "/sys/%s/rrpc/request/1",
    "/sys/%s/thing/ota/firmware/get_reply",
    "/ota/device/upgrade/%s",
    "/ota/device/request/%s",
    "/shadow/get/%s",
    "/ext/ntp/%s/response",
)


def _asked(client: str, names: str) -> list[bytes]:
    filters = (one % names for one in FILTERS[client])
    return [subscribe(number, (one, 1)) for number, one in enumerate(filters, start=1)]


def _granted(wire: Wire, count: int) -> None:
    for number in range(1, count + 1):
        assert wire.read() == bytes((0x90, 3, 0, number, 1))


@pytest.mark.client_row(4, "filters of each client")
@pytest.mark.parametrize("client", FILTERS)
def test_subscribes_pipelined_behind_connect_are_all_granted(
    platform: Platform, party: Party, client: str
):
    with Wire.tls(platform) as wire:
        asked = _asked(client, f"{PK}/{DN}")
        assert wire.ask(party.log_in(), *asked) == ACCEPTED
        _granted(wire, len(asked))


@pytest.mark.client_row(4, "filters of a sub-device")
@pytest.mark.parametrize("client", ["Node.js SDK 1.2.8", "iotkit-embedded 3.0.1"])
def test_gateway_may_subscribe_every_filter_of_sub_device(platform: Platform, client: str):
    with Gateway(platform) as gateway:
        sub(platform)
        assert gateway.ask("thing/topo/add", [signed()])[0] == 200
        assert gateway.ask("combine/login", signed())[0] == 200
        asked = _asked(client, f"{SUB_PK}/sub-0001")
        gateway.wire.send(*asked)
        _granted(gateway.wire, len(asked))
        for one in FILTERS[client]:
            topic = one.replace("+", "x") % f"{SUB_PK}/sub-0001"
            assert platform.cloud.send(SUB_PK, "sub-0001", topic, b"{}") == 1
            assert gateway.wire.read() == publish(topic, b"{}")


@pytest.mark.client_row(4, "_ss=1")
@pytest.mark.parametrize("who", ["device", "sub-device"])
def test_ss_1_delivers_system_topics_without_a_subscription(
    make_platform: Callable[..., Platform], who: str
):
    platform = make_platform(strict=True)
    product = platform.console.create_product(key=PK)
    party = Party.of(product, platform.console.add_device(PK, DN))
    if who == "sub-device":
        with Gateway(platform) as gateway:  # It sends no `_ss`: nothing comes for its own.
            sub(platform)
            party = gateway.party
    with Wire.tls(platform) as wire:
        assert wire.ask(party.log_in(extra=",_ss=1")) == ACCEPTED
        names = (PK, DN)
        if who == "sub-device":
            names = _carried(platform, wire)
        for one in WITH_SS:
            topic = one % "/".join(names)
            assert platform.cloud.send(*names, topic, b"{}") == 1, topic
            assert wire.read() == publish(topic, b"{}")
    with Wire.tls(platform) as wire:
        assert wire.ask(party.log_in()) == ACCEPTED
        for one in WITH_SS:
            assert platform.cloud.send(*names, one % "/".join(names), b"{}") == 0


def _carried(platform: Platform, wire: Wire) -> tuple[str, str]:
    """Log a sub-device in over a gateway's connection; return its names."""
    platform.cloud.add_sub_device(SUB_PK, "sub-0001", gateway=(GATEWAY_PK, "gateway-1"))
    assert wire.read_publish()[0].endswith("/thing/topo/change")
    body = {"id": "1", "params": signed()}
    topic = f"/ext/session/{GATEWAY_PK}/gateway-1/combine/login"
    wire.send(publish(topic, json.dumps(body).encode()))
    assert wire.read_publish()[1]["code"] == 200
    return SUB_PK, "sub-0001"


@pytest.mark.client_row(3, "DISCONNECT, or only a close")
@pytest.mark.parametrize("end", [b"\xe0\x00", b""], ids=["DISCONNECT", "close"])
def test_a_registration_may_end_either_way(platform: Platform, party: Party, end: bytes):
    with Wire.tls(platform) as wire:
        assert wire.ask(party.register()) == ACCEPTED
        assert wire.read_publish()[0] == "/ext/register"
        wire.send(end)
    with Wire.tls(platform) as wire:
        assert wire.ask(party.log_in()) == ACCEPTED
    assert not platform.events(kind="protocol_error")


@pytest.mark.client_row(1, "a ping within the first second")
def test_a_ping_right_behind_the_connack_is_answered(platform: Platform, party: Party):
    with Wire.tls(platform) as wire:
        assert wire.ask(party.log_in(), b"\xc0\x00") == ACCEPTED
        assert wire.read() == b"\xd0\x00"


@pytest.mark.client_row(2, "Connection: close")
def test_connection_close_is_honored_after_the_response(platform: Platform, party: Party):
    # The Link SDK for Python reads to the end.
    asked = request(PATH, _c3(PK, DN, party.product.secret), FORM, "Connection: close")
    context = ssl.create_default_context(cafile=platform.ca_pem)
    plain = socket.create_connection(("127.0.0.1", platform.https_port), timeout=PATIENCE)
    with context.wrap_socket(plain, server_hostname="localhost") as connection:
        connection.sendall(asked)
        got = b""
        while part := connection.recv(65536):
            got += part
    assert got.endswith(b'"message":"success"}')


# Client: the body as it sends it, and the id that has to come back as the same text.
BODIES = {
    "Node.js SDK": (
        (
            b'{"id":"1|exp-topic|/sys/a1B2c3D4e5F/esp32-240AC4A1B2C3/thing/event/property/post_reply",'
            b'"version":"1.0","params":{"t":1},"method":"thing.event.property.post"}'
        ),
        b'"1|exp-topic|/sys/a1B2c3D4e5F/esp32-240AC4A1B2C3/thing/event/property/post_reply"',
    ),
    "Link SDK for Python": (
        (
            b'{"id": "1", "version": "1.0", "params": {"t": 1}, '
            b'"method": "thing.event.property.post"}'
        ),
        b'"1"',
    ),
    "Link SDK for C": (
        b'{"id":"4","version":"1.0","params":{"t":1},"sys":{"ack":1}}',
        b'"4"',
    ),
}


@pytest.mark.client_row(5, "bodies with blanks, compact, without method")
@pytest.mark.parametrize("client", BODIES)
def test_reply_to_post_is_compact_and_echoes_id(platform: Platform, party: Party, client: str):
    body, number = BODIES[client]
    topic = f"/sys/{PK}/{DN}/thing/event/property/post"
    with Wire.tls(platform) as wire:
        assert wire.ask(party.log_in()) == ACCEPTED
        assert wire.ask(publish(topic, body)) == publish(
            topic + "_reply",
            b'{"code":200,"data":{},"id":%s,"message":"success",'
            b'"method":"thing.event.property.post","version":"1.0"}' % number,
        )
