"""Single devices of the cloud API: registered, looked at, disabled, reset, deleted."""

from __future__ import annotations

from typing import Any

import pytest

from alink_sim.clock import ManualClock
from alink_sim.platform import Platform, RegistryError, StoreError
from tests.platform.api_calls import DN, PK, Ask, done, refused
from tests.platform.wire import ACCEPTED, Party, Wire
from tests.platform.wire import refused as connack

STARTED = 1795456800000  # Milliseconds: where the test's clock starts.


@pytest.fixture
def party(cloud: Platform) -> Party:
    """A device that was never online."""
    product = cloud.console.create_product(key=PK, secret="Pr0dSecretAbCdEf", name="thermometer")
    return Party.of(product, cloud.console.add_device(PK, DN))


def test_registered_device_logs_in_with_returned_secret(cloud: Platform, ask: Ask) -> None:
    product = cloud.console.create_product(key=PK)
    body = ask("RegisterDevice", product_key=PK, device_name="esp32@:._-", nickname="灯泡")
    data = done(body)["Data"]
    assert data == {
        "IotId": cloud.console.device(PK, "esp32@:._-").iot_id,
        "ProductKey": PK,
        "DeviceName": "esp32@:._-",
        "DeviceSecret": cloud.console.device(PK, "esp32@:._-").secret,
        "Nickname": "灯泡",
    }
    with Wire.tls(cloud) as wire:
        party = Party(product, data["DeviceName"], data["DeviceSecret"])
        assert wire.ask(party.log_in()) == ACCEPTED


def test_a_device_without_a_name_gets_one(cloud: Platform, ask: Ask) -> None:
    cloud.console.create_product(key=PK)
    name = done(ask("RegisterDevice", product_key=PK))["Data"]["DeviceName"]
    assert [one.name for one in cloud.console.devices(PK)] == [name]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"device_name": DN}, "iot.device.AlreadyExistedDeviceName"),
        ({"device_name": "abc"}, "iot.device.InvalidFormattedDeviceName"),
        ({"device_name": "dev 1 é"}, "iot.device.InvalidFormattedDeviceName"),
        ({"nickname": "a b c"}, "iot.device.InvalidFormattedNickname"),
        ({"nickname": "灯1"}, "iot.device.InvalidFormattedNickname"),
        ({"nickname": "灯" * 33}, "iot.device.InvalidFormattedNickname"),
        ({"product_key": "nothing"}, "iot.prod.NotExistedProduct"),
    ],
)
def test_invalid_or_duplicate_device_is_not_registered(
    cloud: Platform, party: Party, ask: Ask, changes: dict[str, Any], code: str
) -> None:
    given = {"product_key": PK, "device_name": "dev-2"}
    assert refused(ask("RegisterDevice", **{**given, **changes})) == code
    assert len(cloud.console.devices()) == 1


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({}, "iot.prod.NullProductKey"),
        ({"product_key": PK}, "iot.device.NullDeviceName"),
        ({"product_key": PK, "device_name": "dev-9"}, "iot.device.NotExistedDevice"),
        ({"product_key": "nothing", "device_name": DN}, "iot.prod.NotExistedProduct"),
        ({"iot_id": "nothing"}, "iot.device.NotExistedDevice"),
    ],
)
@pytest.mark.parametrize(
    "action",
    ["QueryDeviceDetail", "GetDeviceStatus", "DisableThing", "DeleteDevice", "ResetThing"],
)
def test_a_device_that_is_not_there_is_refused(
    party: Party, ask: Ask, action: str, parameters: dict[str, str], code: str
) -> None:
    assert refused(ask(action, **parameters)) == code


def status(ask: Ask) -> tuple[str, int]:
    data = done(ask("GetDeviceStatus", product_key=PK, device_name=DN))["Data"]
    return data["Status"], data["Timestamp"]


def test_a_device_goes_through_its_four_states(
    cloud: Platform, party: Party, ask: Ask, clock: ManualClock
) -> None:
    assert status(ask) == ("UNACTIVE", STARTED)
    clock.advance(1)
    with Wire.tls(cloud) as wire:
        assert wire.ask(party.log_in()) == ACCEPTED
        assert status(ask) == ("ONLINE", STARTED + 1000)
        clock.advance(1)
        wire.send(b"\xe0\x00")
        cloud.expect("offline")
    assert status(ask) == ("OFFLINE", STARTED + 2000)
    clock.advance(1)
    done(ask("DisableThing", product_key=PK, device_name=DN))
    assert status(ask) == ("DISABLE", STARTED + 3000)
    done(ask("EnableThing", product_key=PK, device_name=DN))
    assert status(ask)[0] == "OFFLINE"


def test_device_detail_has_creation_activation_and_online_times(
    cloud: Platform, party: Party, ask: Ask, clock: ManualClock
) -> None:
    clock.advance(3.25)
    with Wire.tls(cloud) as wire:
        assert wire.ask(party.log_in()) == ACCEPTED
        iot_id = cloud.console.device(PK, DN).iot_id
        assert done(ask("QueryDeviceDetail", iot_id=iot_id))["Data"] == {
            "DeviceName": DN,
            "DeviceSecret": party.device_secret,
            "FirmwareVersion": "",
            "GmtActive": "Mon, 23-Nov-2026 18:00:03 GMT",
            "GmtCreate": "Mon, 23-Nov-2026 18:00:00 GMT",
            "GmtOnline": "Mon, 23-Nov-2026 18:00:03 GMT",
            "IotId": iot_id,
            "Nickname": "",
            "NodeType": 0,
            "Owner": True,
            "ProductKey": PK,
            "ProductName": "thermometer",
            "Region": "cn-shanghai",
            "Status": "ONLINE",
            "UtcActive": "2026-11-23T18:00:03.250Z",
            "UtcCreate": "2026-11-23T18:00:00.000Z",
            "UtcOnline": "2026-11-23T18:00:03.250Z",
        }


def test_info_is_names_and_secret(cloud: Platform, party: Party, ask: Ask) -> None:
    assert done(ask("QueryDeviceInfo", product_key=PK, device_name=DN))["Data"] == {
        "DeviceName": DN,
        "DeviceSecret": party.device_secret,
        "IotId": cloud.console.device(PK, DN).iot_id,
        "Nickname": "",
        "ProductKey": PK,
    }


def test_devices_are_listed_by_page_and_by_token(cloud: Platform, party: Party, ask: Ask) -> None:
    for number in range(2, 5):
        cloud.console.add_device(PK, f"dev-{number}")
    page = done(ask("QueryDevice", product_key=PK, page_size=3))
    first = page.pop("Data")["DeviceInfo"]
    token = page.pop("NextToken")
    assert page == {"Page": 1, "PageCount": 2, "PageSize": 3, "Total": 4}
    assert first[0] == {
        "DeviceId": cloud.console.device(PK, DN).iot_id,
        "DeviceName": DN,
        "DeviceSecret": party.device_secret,
        "DeviceStatus": "UNACTIVE",
        "GmtCreate": "Mon, 23-Nov-2026 18:00:00 GMT",
        "GmtModified": "Mon, 23-Nov-2026 18:00:00 GMT",
        "IotId": cloud.console.device(PK, DN).iot_id,
        "Nickname": "",
        "ProductKey": PK,
        "UtcCreate": "2026-11-23T18:00:00.000Z",
        "UtcModified": "2026-11-23T18:00:00.000Z",
    }
    by_number = done(ask("QueryDevice", product_key=PK, page_size=3, current_page=2))
    by_token = done(ask("QueryDevice", product_key=PK, page_size=3, next_token=token))
    for rest in (by_number, by_token):
        assert [one["DeviceName"] for one in rest["Data"]["DeviceInfo"]] == ["dev-4"]
        assert "NextToken" not in rest
    body = ask("QueryDevice", product_key=PK, page_size=51)
    assert refused(body) == "iot.common.InvalidPageParams"


def test_disabled_device_is_refused_until_enabled(cloud: Platform, party: Party, ask: Ask) -> None:
    with Wire.tls(cloud) as wire:
        assert wire.ask(party.log_in()) == ACCEPTED
        done(ask("DisableThing", iot_id=cloud.console.device(PK, DN).iot_id))
        assert wire.read() == b""
    with Wire.tls(cloud) as wire:
        assert wire.ask(party.log_in())[:3] == connack(4)[:3]
        assert cloud.expect("login_refused").code == 6204
    done(ask("EnableThing", product_key=PK, device_name=DN))
    with Wire.tls(cloud) as wire:
        assert wire.ask(party.log_in()) == ACCEPTED


def test_a_reset_device_registers_again(cloud: Platform, party: Party, ask: Ask) -> None:
    with Wire.tls(cloud) as wire:
        assert wire.ask(party.log_in()) == ACCEPTED
    with Wire.tls(cloud) as wire:
        assert wire.ask(party.register()) == connack(4)
    done(ask("ResetThing", product_key=PK, device_name=DN))
    with Wire.tls(cloud) as wire:
        assert wire.ask(party.register()) == ACCEPTED


def test_deleted_device_is_disconnected_and_unknown(
    cloud: Platform, party: Party, ask: Ask
) -> None:
    iot_id = cloud.console.device(PK, DN).iot_id
    with Wire.tls(cloud) as wire:
        assert wire.ask(party.log_in()) == ACCEPTED
        done(ask("DeleteDevice", product_key=PK, device_name=DN))
        assert wire.read() == b""
    assert refused(ask("GetDeviceStatus", iot_id=iot_id)) == "iot.device.NotExistedDevice"
    with pytest.raises(RegistryError):
        cloud.console.device(PK, DN)


def test_secret_is_withheld_if_the_store_fails(
    cloud: Platform, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.console.create_product(key=PK)

    def fail(*_: object) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(cloud._store, "write", fail)
        body = ask("RegisterDevice", product_key=PK, device_name=DN)
        assert refused(body) == "iot.system.SystemException"
        assert "Data" not in body
        # Reading needs no write; the device that could not be stored does not exist.
        assert done(ask("QueryDevice", product_key=PK))["Data"]["DeviceInfo"] == []
    assert cloud.expect("platform_error").reason == "StoreError"
    done(ask("RegisterDevice", product_key=PK, device_name=DN))
