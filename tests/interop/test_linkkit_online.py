"""The vendor's Link SDK for Python, unmodified: events, services, shadow, tags, bytes, RRPC."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from alink_sim.platform import Platform, Product, RrpcCode, Script
from tests.interop.linkkit import LinkKit
from tests.waiting import PATIENCE

pytestmark = pytest.mark.interop

NAME = "linkkit-7"
THING = Path(__file__).resolve().parents[2] / "examples/projects/thermostat/firmware/thing.json"


@pytest.fixture
def client(platform: Platform, product: Product) -> Iterator[LinkKit]:
    """The SDK, set up with a thing model and logged in."""
    platform.console.set_thing_model(product.key, json.loads(THING.read_text("utf-8")))
    device = platform.console.add_device(product.key, NAME)
    with LinkKit(platform, product.key, NAME, device_secret=device.secret) as made:
        assert made.call("thing_setup", str(THING)) == 0
        made.log_in()
        yield made


def test_event_is_recorded_and_replied(platform: Platform, client: LinkKit) -> None:
    code, number = client.call("thing_trigger_event", {"tuple": ["alarm", {"level": 2}]})
    assert code == 0
    event = platform.expect("event_posted", device_name=NAME)
    assert event.detail == {"event": "alarm", "values": {"level": 2}}
    assert client.expect("on_thing_event_post") == ["alarm", number, 200, {}, "success", None]


def test_event_outside_thing_model_is_refused(
    platform: Platform, product: Product, client: LinkKit
) -> None:
    client.call("thing_trigger_event", {"tuple": ["alarm", {"level": 9}]})
    assert client.expect("on_thing_event_post")[2] == 6309
    assert not platform.events(product.key, NAME, kind="event_posted")


def test_asynchronous_service_is_called_and_replied(
    platform: Platform, product: Product, client: LinkKit
) -> None:
    number = platform.cloud.call_service(product.key, NAME, "SelfTest", {"seconds": 3})
    name, asked, params, _ = client.expect("on_thing_call_service")
    assert (name, asked, params) == ("SelfTest", number, {"seconds": 3})
    assert client.call("thing_answer_service", name, asked, 200, {"passed": 1}) == 0
    answered = platform.expect("answered", device_name=NAME)
    assert (answered.detail["id"], answered.detail["answer"]) == (number, 200)


def test_synchronous_service_replies_to_the_caller(
    platform: Platform, product: Product, client: LinkKit
) -> None:
    with ThreadPoolExecutor(1) as threads:
        called = threads.submit(
            platform.cloud.call_service_sync,
            product.key,
            NAME,
            "SelfTest",
            {"seconds": 3},
            timeout_ms=8000,
        )
        name, asked, *_ = client.expect("on_thing_call_service")
        client.call("thing_answer_service", name, asked, 200, {"passed": 1})
        got = called.result(PATIENCE)
    assert got.code == RrpcCode.SUCCESS
    assert json.loads(got.payload)["data"] == {"passed": 1}


def test_custom_topic_rrpc_is_replied(
    platform: Platform, product: Product, client: LinkKit
) -> None:
    topic = f"/{product.key}/{NAME}/user/ask"
    assert client.call("subscribe_rrpc_topic", topic)[0] == 0
    platform.expect("subscribed", device_name=NAME, filter=f"/ext/rrpc/+{topic}")
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(
            platform.cloud.rrpc, product.key, NAME, b"?", topic=topic, timeout_ms=8000
        )
        number, heard_on, payload, *_ = client.expect("on_topic_rrpc_message")
        assert (heard_on, payload) == (f"/ext/rrpc/{number}{topic}", "?")
        client.call("thing_answer_rrpc", number, "!")
        assert asked.result(PATIENCE).payload == b"!"


def test_shadow_update_read_conflict_and_cloud_control(
    platform: Platform, product: Product, client: LinkKit
) -> None:
    def told() -> dict[str, Any]:
        body: dict[str, Any] = client.expect("on_thing_shadow_get")[0]
        return body

    assert client.call("thing_update_shadow", {"color": "red"}, 1)[0] == 0
    assert told()["payload"] == {"status": "success", "version": 1}
    client.call("thing_update_shadow", {"color": "blue"}, 1)
    assert told()["payload"]["content"]["errorcode"] == "409"
    assert platform.cloud.set_shadow(product.key, NAME, {"color": "green"}, version=2) == 1
    control = told()
    assert (control["method"], control["version"]) == ("control", 2)
    assert control["payload"]["state"]["desired"] == {"color": "green"}
    assert client.call("thing_get_shadow")[0] == 0
    whole = told()
    assert whole["payload"]["state"] == {
        "reported": {"color": "red"},
        "desired": {"color": "green"},
    }
    assert client.call("local_get_latest_shadow") is not None


def test_tags_are_set_and_removed(platform: Platform, product: Product, client: LinkKit) -> None:
    code, number = client.call("thing_update_tags", {"room": "4", "floor": "2"})
    assert code == 0
    assert client.expect("on_thing_device_info_update")[:3] == [number, 200, {}]
    code, number = client.call("thing_remove_tags", ["floor"])
    assert client.expect("on_thing_device_info_delete")[:3] == [number, 200, {}]
    assert platform.console.device(product.key, NAME).documents["tags"] == {"room": "4"}


def test_raw_bytes_pass_through_script_both_ways(
    platform: Platform, product: Product, client: LinkKit
) -> None:
    def to_alink(data: bytes) -> dict[str, Any]:
        if data[:1] == b"A":
            return {"id": "1", "code": 200, "data": {}}
        method = "thing.event.property.post"
        return {"method": method, "id": "1", "params": {"temperature": data[0] - 48}}

    script = Script(to_alink, lambda body: b"reply" if "code" in body else b"call")
    platform.console.set_script(product.key, script)
    assert client.call("thing_raw_post_data", "5") == 0
    assert client.expect("on_thing_raw_data_post")[0] == "reply"
    assert platform.console.device(product.key, NAME).properties == {"temperature": 5}
    platform.cloud.set_properties(product.key, NAME, {"target": 20})
    assert client.expect("on_thing_raw_data_arrived")[0] == "call"
    assert client.call("thing_raw_data_reply", "A") == 0
    answered = platform.expect("answered", device_name=NAME)
    assert answered.detail["answer"] == 200
