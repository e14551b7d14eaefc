"""Settings of the cloud API, each literally both ways, through the vendor's own client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from alink_sim.platform import Platform, Settings
from tests.platform.api_calls import DN, PK, Ask, asking, client, done, refused

Calls = Callable[..., tuple[Platform, Ask]]


@pytest.fixture
def calls(make_platform: Callable[..., Platform], monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Return a maker of platforms with one device, each with what calls its cloud API."""
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)  # It would take one even to 127.0.0.1.

    def make(**settings: Any) -> tuple[Platform, Ask]:
        platform = make_platform(settings=Settings(**settings))
        platform.console.create_product(key=PK)
        platform.console.add_device(PK, DN)
        return platform, asking(client(platform))

    return make


@pytest.mark.parametrize(
    ("setting", "default", "action", "parameters", "why"),
    [
        (
            "product_in_use_code",
            "iot.prod.DeleteProductFailed",
            "DeleteProduct",
            {},
            "the product has devices: delete them first",
        ),
        (
            "unknown_client_id_code",
            "iot.check.InvalidFormattedParameter",
            "TransformClientId",
            {"device_name": DN, "client_id": "x"},
            "the device has no such ClientId",
        ),
        (
            "desired_version_code",
            "iot.device.InvalidDesiredVersion",
            "SetDeviceDesiredProperty",
            {"device_name": DN, "items": '{"a":1}', "versions": '{"a":7}'},
            "the version of a is another",
        ),
    ],
)
def test_settings_choose_undocumented_error_codes(
    calls: Calls, setting: str, default: str, action: str, parameters: dict[str, str], why: str
) -> None:
    for settings, code in (({}, default), ({setting: "iot.of.MyOwn"}, "iot.of.MyOwn")):
        platform, ask = calls(**settings)
        if action == "TransformClientId":
            parameters = {"iot_id": platform.console.device(PK, DN).iot_id, "client_id": "x"}
        else:
            parameters = {**parameters, "product_key": PK}
        assert refused(ask(action, **parameters)) == code
        assert platform.expect("api_refused", timeout=0).reason == f"{code}: {why}"


@pytest.mark.parametrize("setting", ["same", "refuse"])
def test_a_batch_that_is_registered_again(calls: Calls, setting: str) -> None:
    platform, ask = calls(batch_again=setting)
    asked = ask("BatchCheckDeviceNames", product_key=PK, device_name=["dev-2"])
    number = done(asked)["Data"]["ApplyId"]
    wanted = {"product_key": PK, "apply_id": number}
    assert done(ask("BatchRegisterDeviceWithApplyId", **wanted))["Data"] == {"ApplyId": number}
    again = ask("BatchRegisterDeviceWithApplyId", **wanted)
    if setting == "same":
        assert done(again)["Data"] == {"ApplyId": number}
    else:
        assert refused(again) == "iot.device.IncorrentDeviceApplyInfo"
        event = platform.expect("api_refused", timeout=0)
        assert event.reason.endswith(": it is registered already")
    platform.expect("batch_registered")
    assert len(platform.console.devices(PK)) == 2
