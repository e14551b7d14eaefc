"""Pub, PubBroadcast and RRpc of the cloud API, to devices on the wire."""

from __future__ import annotations

import base64
import json
import threading
from typing import Any

import pytest

from alink_sim.clock import ManualClock
from alink_sim.platform import Platform
from tests.platform.api_calls import DN, PK, Ask, done, refused
from tests.platform.wire import Wire, publish, subscribe

TOPIC = f"/{PK}/{DN}/user/get"
HELLO = base64.b64encode(b'{"hello":"\xe4\xb8\x96"}').decode()


def pub(ask: Ask, **changes: Any) -> dict[str, Any]:
    given = {"product_key": PK, "topic_full_name": TOPIC, "message_content": HELLO, "qos": 1}
    return ask("Pub", **{**given, **changes})


def test_message_reaches_device_at_its_subscription_qos(online: Wire, ask: Ask) -> None:
    online.ask(subscribe(1, (TOPIC, 1)))
    assert done(pub(ask))["MessageId"].isdecimal()
    assert online.read_publish() == (TOPIC, {"hello": "世"}, 1)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"message_content": "%%%"}, "iot.messagebroker.MessageContentIsNotBase64Encode"),
        ({"message_content": "é"}, "iot.messagebroker.MessageContentIsNotBase64Encode"),
        (
            {"topic_full_name": "/other/dev-1/user/get"},
            "iot.messagebroker.InvalidFormattedTopicName",
        ),
        (
            {"topic_full_name": f"/sys/{PK}/{DN}/thing/service/property/set"},
            "iot.messagebroker.InvalidFormattedTopicName",
        ),
        ({"topic_full_name": f"/{PK}/unknown/user/get"}, "iot.device.NotExistedDevice"),
        ({"product_key": "nothing"}, "iot.prod.NotExistedProduct"),
        (
            {"topic_full_name": f"/{PK}/{DN}/user/#"},
            "iot.messagebroker.InvalidFormattedTopicName",
        ),
        (
            {"topic_full_name": f"/{PK}/{DN}/user/" + "x" * 128},
            "iot.messagebroker.InvalidFormattedTopicName",
        ),
        (
            {"message_content": base64.b64encode(bytes((256 << 10) + 1)).decode()},
            "iot.messagebroker.PublishMessageFailed",
        ),
    ],
)
def test_message_to_unknown_target_is_refused(
    online: Wire, ask: Ask, changes: dict[str, Any], code: str
) -> None:
    assert refused(pub(ask, **changes)) == code


def test_message_to_offline_device_is_accepted(cloud: Platform, ask: Ask) -> None:
    cloud.console.create_product(key=PK)
    cloud.console.add_device(PK, DN)
    done(pub(ask))
    assert cloud.expect("not_sent", device_name=DN).detail == {"topic": TOPIC}


def test_a_broadcast_reaches_those_who_subscribed(online: Wire, ask: Ask) -> None:
    topic = f"/broadcast/{PK}/news"
    online.ask(subscribe(1, (topic, 0)))
    body = ask("PubBroadcast", product_key=PK, topic_full_name=topic, message_content=HELLO)
    assert isinstance(done(body)["MessageId"], int)
    assert online.read_publish() == (topic, {"hello": "世"}, 0)


def test_broadcast_without_topic_reaches_online_devices(online: Wire, ask: Ask) -> None:
    number = done(ask("PubBroadcast", product_key=PK, message_content=HELLO))["MessageId"]
    topic, _, _ = online.read_publish()
    assert topic == f"/sys/{PK}/{DN}/broadcast/request/{number}"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"topic_full_name": "/broadcast/other/news"}, "InvalidFormattedTopicName"),
        ({"topic_full_name": f"/broadcast/{PK}/+"}, "InvalidFormattedTopicName"),
        ({"message_content": "%"}, "MessageContentIsNotBase64Encode"),
        (
            {"message_content": base64.b64encode(bytes((64 << 10) + 1)).decode()},
            "PublishMessageFailed",
        ),
    ],
)
def test_broadcast_to_unknown_target_is_refused(
    online: Wire, ask: Ask, changes: dict[str, Any], code: str
) -> None:
    given = {"product_key": PK, "message_content": HELLO, **changes}
    assert refused(ask("PubBroadcast", **given)) == f"iot.messagebroker.{code}"


def test_a_broadcast_of_64_kb_arrives_whole(online: Wire, ask: Ask) -> None:
    text = json.dumps("x" * ((64 << 10) - 2))
    content = base64.b64encode(text.encode()).decode()
    done(ask("PubBroadcast", product_key=PK, message_content=content))
    assert online.read_publish()[1] == json.loads(text)


def rrpc(ask: Ask, **changes: Any) -> dict[str, Any]:
    given = {
        "product_key": PK,
        "device_name": DN,
        "request_base_64byte": HELLO,
        "timeout": 1000,
    }
    return ask("RRpc", **{**given, **changes})


def answering(ask: Ask, **changes: Any) -> tuple[threading.Thread, list[dict[str, Any]]]:
    """Ask in a thread, which waits for the device that the test is."""
    bodies: list[dict[str, Any]] = []
    thread = threading.Thread(target=lambda: bodies.append(rrpc(ask, **changes)))
    thread.start()
    return thread, bodies


def test_rrpc_returns_the_reply(online: Wire, ask: Ask) -> None:
    thread, bodies = answering(ask)
    topic, question, _ = online.read_publish()
    assert question == {"hello": "世"}
    assert topic.startswith(f"/sys/{PK}/{DN}/rrpc/request/")
    online.send(publish(topic.replace("request", "response"), b"\x00\xff"))
    thread.join()
    answer = done(bodies[0])
    assert answer.pop("MessageId") == int(topic.rpartition("/")[2])
    assert answer == {
        "RrpcCode": "SUCCESS",
        "PayloadBase64Byte": base64.b64encode(b"\x00\xff").decode(),
    }


def test_rrpc_on_a_custom_topic_returns_the_reply(online: Wire, ask: Ask) -> None:
    online.ask(subscribe(1, (f"/ext/rrpc/+{TOPIC}", 0)))
    thread, bodies = answering(ask, topic=TOPIC)
    topic, _, _ = online.read_publish()
    assert topic.startswith("/ext/rrpc/")
    assert topic.endswith(TOPIC)
    online.send(publish(topic, b"yes"))
    thread.join()
    assert done(bodies[0])["PayloadBase64Byte"] == base64.b64encode(b"yes").decode()


def test_rrpc_without_a_reply_times_out(online: Wire, ask: Ask, clock: ManualClock) -> None:
    thread, bodies = answering(ask, timeout=8000)
    online.read_publish()
    clock.advance(8)
    thread.join()
    assert done(bodies[0])["RrpcCode"] == "TIMEOUT"


def test_rrpc_to_offline_device_ends_at_once(cloud: Platform, ask: Ask) -> None:
    cloud.console.create_product(key=PK)
    cloud.console.add_device(PK, DN)
    assert done(rrpc(ask))["RrpcCode"] == "OFFLINE"


@pytest.mark.parametrize("timeout", [999, 8001])
def test_rrpc_timeout_is_1_to_8_seconds(online: Wire, ask: Ask, timeout: int) -> None:
    assert refused(rrpc(ask, timeout=timeout)) == "iot.messagebroker.InvalidTimeoutValue"


def test_batch_reaches_the_topic_of_each_device(cloud: Platform, online: Wire, ask: Ask) -> None:
    cloud.console.add_device(PK, "dev-2")
    online.ask(subscribe(1, (TOPIC, 1)))
    given = {"product_key": PK, "message_content": HELLO, "topic_short_name": "get", "qos": 1}
    done(ask("BatchPub", device_name=[DN, "dev-2"], **given))
    assert online.read_publish() == (TOPIC, {"hello": "世"}, 1)
    assert cloud.expect("not_sent", device_name="dev-2").detail["topic"] == f"/{PK}/dev-2/user/get"
    many = ["dev-2"] * 101
    assert refused(ask("BatchPub", device_name=many, **given)) == "iot.device.DeviceCountExceeded"
    unknown = ask("BatchPub", device_name=["x"], **given)
    assert refused(unknown) == "iot.device.NotExistedDevice"
