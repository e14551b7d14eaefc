"""What the clients in the field need, beyond their CONNECTs (test_real_clients.py), line by line.

Shown elsewhere:
    one port for TLS and plain MQTT          test_real_clients: logs_in_over_plain_tcp_as
    no server name, RSA key exchange         test_ca: tls_1_2_with_rsa_key_exchange_and...
    RSA and SHA-256 all the way              test_ca: the_root_is_rsa_2048...
    every host in the certificate            test_ca: the_certificate_is_good_for
    fields of the form, hex of any case      test_https_registration: a_real_client_registers
    code first, Content-Length, 127 a line   test_https_registration: the_answer_is_what...
    refusals with HTTP status 200            test_https_registration: a_refusal_is_a_code...
    push behind CONNACK, compact             test_registration: connack_and_answer_come...
    no close behind the push                 test_registration: an_idle_registration_connection...
    any timestamp, odd client ids            test_real_clients: logs_in_as
    one copy where filters overlap           test_session: system_messages_come_once...
    reply members in alphabetical order      test_session: a_property_post_is_kept...
    an id of any type comes back             test_things: the_id_comes_back_as_it_came
    events with and without value            test_things: an_event_is_noted...
    NTP as strings of 13 digits              test_things: the_time_by_mqtt_is_strings...
    gateways: signmethod, signMethod, "{}"   test_topology: topology_takes_the_signature...
    OTA                                      test_client_lines_ota
    shadow answers                           test_shadow: an_update_is_answered...
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable

import pytest

from alink_sim.platform import Platform, Settings
from tests.platform.https import FORM, exchange, request
from tests.platform.wire import ACCEPTED, PATIENCE, Party, Wire, publish, sign, subscribe

PATH = "/auth/register/device"
PK, DN = "a1B2c3D4e5F", "esp32-240AC4A1B2C3"
C3_RANDOM = "8Ygb7ULYh53B6OA"


def _c3(product_key: str, device_name: str, secret: str) -> bytes:
    signed = f"deviceName{device_name}productKey{product_key}random{C3_RANDOM}"
    return (
        f"productKey={product_key}&deviceName={device_name}&random={C3_RANDOM}"
        f"&sign={sign(secret, signed).upper()}&signMethod=hmacsha256"
    ).encode()


def test_a_secret_ends_within_the_255_bytes_that_an_old_c_sdk_reads(platform: Platform):
    product = platform.create_product(key="k" * 20)
    platform.add_device(product.key, "n" * 32, secret="s" * 63)
    asked = request(PATH, _c3(product.key, "n" * 32, product.secret), FORM)
    for _ in range(2):  # It has no other random.
        body = exchange(platform, asked)[1]
        assert body.index(b'"' + b"s" * 63 + b'"') + 65 <= 255


def test_head_and_body_may_come_in_writes_of_their_own_and_again(platform: Platform, party: Party):
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


def test_what_is_issued_fits_the_buffers_of_the_c_sdks(platform: Platform):
    product = platform.create_product()
    device = platform.add_device(product.key, "dev-1")
    issued = platform.issue_client_id(product.key, "dev-1")
    assert len(device.secret) <= 63
    assert len(issued.token) <= 63
    assert len(issued.client_id) <= 69
    assert len(product.key) <= 20


N1 = [
    *(f"/sys/{PK}/{DN}/thing/event/{one}/post_reply" for one in ("property", "+")),
    *(
        f"/sys/{PK}/{DN}/{one}"
        for one in (
            "thing/service/property/set",
            "thing/deviceinfo/update_reply",
            "thing/deviceinfo/delete_reply",
            "thing/config/get_reply",
            "thing/config/push",
            "thing/config/push_reply",
            "thing/topo/add_reply",
            "thing/topo/delete_reply",
            "thing/topo/get_reply",
            "thing/sub/register_reply",
            "rrpc/request/+",
        )
    ),
    f"/shadow/get/{PK}/{DN}",
    f"/ext/session/{PK}/{DN}/combine/login_reply",
    f"/ext/session/{PK}/{DN}/combine/logout_reply",
]
C3 = [
    f"/ota/device/request/{PK}/{DN}",
    f"/ota/device/upgrade/{PK}/{DN}",
    *(
        f"/sys/{PK}/{DN}/{one}"
        for one in (
            "thing/config/get_reply",
            "thing/config/push",
            "thing/event/+/post_reply",
            "thing/service/property/set",
            "thing/service/+",
            "thing/deviceinfo/update_reply",
            "thing/deviceinfo/delete_reply",
            "thing/dynamicTsl/get_reply",
            "rrpc/request/+",
            "thing/model/down_raw",
            "thing/model/up_raw_reply",
            "thing/topo/add/notify",
            "thing/gateway/permit",
            "thing/sub/register_reply",
            "thing/sub/unregister_reply",
            "thing/topo/add_reply",
            "thing/topo/delete_reply",
            "thing/topo/get_reply",
            "thing/list/found_reply",
            "thing/disable",
            "thing/enable",
            "thing/delete",
        )
    ),
    f"/ext/ntp/{PK}/{DN}/response",
    f"/ext/error/{PK}/{DN}",
    f"/ext/session/{PK}/{DN}/combine/login_reply",
    f"/ext/session/{PK}/{DN}/combine/logout_reply",
]


@pytest.mark.parametrize("filters", [N1, C3], ids=["Node.js SDK", "iotkit-embedded"])
def test_every_filter_is_granted_one_a_subscribe_pipelined_behind_connect(
    platform: Platform, party: Party, filters: list[str]
):
    asked = [subscribe(number, (one, 1)) for number, one in enumerate(filters, start=1)]
    with Wire.tls(platform) as wire:
        assert wire.ask(party.log_in(), *asked) == ACCEPTED
        for number in range(1, len(filters) + 1):
            assert wire.read() == bytes((0x90, 3, 0, number, 1))


@pytest.mark.parametrize(
    "topic",
    [
        f"/sys/{PK}/{DN}/thing/event/property/post_reply",
        f"/sys/{PK}/{DN}/thing/deviceinfo/update_reply",
        f"/sys/{PK}/{DN}/thing/service/property/set",
        f"/sys/{PK}/{DN}/thing/service/SelfTest",
        f"/sys/{PK}/{DN}/thing/topo/add_reply",
        f"/sys/{PK}/{DN}/thing/sub/register_reply",
        f"/sys/{PK}/{DN}/thing/ota/firmware/get_reply",
        f"/shadow/get/{PK}/{DN}",
        f"/ota/device/upgrade/{PK}/{DN}",
        f"/ext/session/{PK}/{DN}/combine/batch_login_reply",
        f"/ext/ntp/{PK}/{DN}/response",
    ],
)
def test_who_sends_ss_1_gets_system_topics_without_a_subscription(
    make_platform: Callable[..., Platform], topic: str
):
    platform = make_platform(settings=Settings(auto_deliver="ss"))
    product = platform.create_product(key=PK)
    party = Party.of(product, platform.add_device(PK, DN))
    with Wire.tls(platform) as wire:
        assert wire.ask(party.log_in(extra=",_ss=1")) == ACCEPTED
        assert platform.send(PK, DN, topic, b"{}") == 1
        assert wire.read() == publish(topic, b"{}")
    with Wire.tls(platform) as wire:
        assert wire.ask(party.log_in()) == ACCEPTED
        assert platform.send(PK, DN, topic, b"{}") == 0


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


@pytest.mark.parametrize("client", BODIES)
def test_a_post_is_answered_compact_with_the_very_id(
    platform: Platform, party: Party, client: str
):
    body, number = BODIES[client]
    topic = f"/sys/{PK}/{DN}/thing/event/property/post"
    with Wire.tls(platform) as wire:
        assert wire.ask(party.log_in()) == ACCEPTED
        assert wire.ask(publish(topic, body)) == publish(
            topic + "_reply",
            b'{"code":200,"data":{},"id":%s,"message":"success",'
            b'"method":"thing.event.property.post","version":"1.0"}' % number,
        )
