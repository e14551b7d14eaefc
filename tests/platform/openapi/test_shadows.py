"""The shadow of a device through the cloud API."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alink_sim.platform import Platform
from tests.platform.api_calls import DN, PK, Ask, done, refused
from tests.platform.wire import Wire, publish


def update(ask: Ask, message: Any, **more: Any) -> dict[str, Any]:
    text = message if isinstance(message, str) else json.dumps(message)
    return ask("UpdateDeviceShadow", product_key=PK, device_name=DN, shadow_message=text, **more)


def desired(values: dict[str, Any], version: int) -> dict[str, Any]:
    return {"method": "update", "state": {"desired": values}, "version": version}


def shadow(ask: Ask) -> Any:
    answer = done(ask("GetDeviceShadow", product_key=PK, device_name=DN))
    return json.loads(answer["ShadowMessage"])


def test_desired_values_reach_the_device_and_the_shadow(online: Wire, ask: Ask) -> None:
    online.ask(
        publish(
            f"/shadow/update/{PK}/{DN}",
            b'{"method":"update","state":{"reported":{"color":"red"}},"version":1}',
        )
    )
    done(update(ask, desired({"color": "green"}, 2)))
    topic, sent, _ = online.read_publish()
    assert topic == f"/shadow/get/{PK}/{DN}"
    assert (sent["method"], sent["version"]) == ("control", 2)
    assert sent["payload"]["state"] == {
        "reported": {"color": "red"},
        "desired": {"color": "green"},
    }
    assert shadow(ask) == {
        "state": {"reported": {"color": "red"}, "desired": {"color": "green"}},
        "metadata": {
            "reported": {"color": {"timestamp": 1795456800}},
            "desired": {"color": {"timestamp": 1795456800}},
        },
        "timestamp": 1795456800,
        "version": 2,
    }


def test_desired_values_replace_others_unless_delta_update(online: Wire, ask: Ask) -> None:
    done(update(ask, desired({"a": 1, "b": 1}, 1)))
    done(update(ask, desired({"b": 2}, 2), delta_update=True))
    assert shadow(ask)["state"]["desired"] == {"a": 1, "b": 2}
    done(update(ask, desired({"c": 3}, 3)))
    assert shadow(ask)["state"]["desired"] == {"c": 3}


def test_version_0_is_whatever_comes_next(online: Wire, ask: Ask) -> None:
    done(update(ask, desired({"a": 1}, 7)))
    done(update(ask, desired({"a": 2}, 0)))
    assert shadow(ask)["version"] == 8


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("{", "ShadowMessageIsNotJson"),
        ("[]", "ShadowMessageIsNotJson"),
        ({"state": {}, "version": 9}, "NotFoundMethodInShadowMessage"),
        ({"method": "get", "version": 9}, "MethodValueIsNotUpdate"),
        ({"method": "update", "version": 9}, "NotFoundStateInShadowMessage"),
        ({"method": "update", "state": {}, "version": 9}, "NotFoundDesireInShadowMessage"),
        (
            {"method": "update", "state": {"desired": 1}, "version": 9},
            "DesireInfoInShadowMessageIsNotJson",
        ),
        (desired({}, 9), "NoneElementInDesire"),
        ({**desired({"a": 1}, 9), "version": None}, "NotFoundVersionOrNullVersionValue"),
        ({**desired({"a": 1}, 9), "version": "9"}, "InvalidVersionValueInShadowMessage"),
        (desired({"a": 1}, 5), "InvalidVersionValueInShadowMessage"),
        (desired({f"a{n}": n for n in range(129)}, 9), "TooManyElementInDesire"),
        (desired({"a": "x" * 16384}, 9), "ShadowMessageLengthIsLarge"),
    ],
)
def test_invalid_shadow_message_changes_nothing(
    cloud: Platform, online: Wire, ask: Ask, message: Any, code: str
) -> None:
    cloud.cloud.set_shadow(PK, DN, {"a": 0}, version=5)
    before = shadow(ask)
    assert refused(update(ask, message)) == f"iot.messagebroker.{code}"
    assert shadow(ask) == before
