"""Batches of the cloud API: checked, registered, looked at by page, and gone on with."""

from __future__ import annotations

from typing import Any

import pytest

from alink_sim.platform import Platform
from tests.platform.openapi import PK, Ask, done


@pytest.fixture(autouse=True)
def product(cloud: Platform) -> None:
    cloud.create_product(key=PK)


def check(ask: Ask, *names: str) -> int:
    """Return the ApplyId of names that can be had."""
    apply_id: int = done(ask("BatchCheckDeviceNames", product_key=PK, device_name=list(names)))[
        "Data"
    ]["ApplyId"]
    return apply_id


def status(ask: Ask, apply_id: int) -> dict[str, Any]:
    body = ask("QueryBatchRegisterDeviceStatus", product_key=PK, apply_id=apply_id)
    data: dict[str, Any] = done(body)["Data"]
    return data


def test_checked_names_become_devices_that_can_be_read_by_page(cloud: Platform, ask: Ask) -> None:
    names = [f"dev-{number}" for number in range(12)]
    apply_id = check(ask, *names)
    assert status(ask, apply_id)["Status"] == "CHECK_SUCCESS"
    body = ask("BatchRegisterDeviceWithApplyId", product_key=PK, apply_id=apply_id)
    assert done(body) == {"Data": {"ApplyId": apply_id}}
    cloud.expect("batch_registered")
    assert status(ask, apply_id)["Status"] == "CREATE_SUCCESS"
    found = []
    for number, size in ((1, 5), (2, 5), (3, 2)):
        body = ask("QueryPageByApplyId", apply_id=apply_id, current_page=number, page_size=5)
        page = done(body)
        rows = page.pop("ApplyDeviceList")["ApplyDeviceInfo"]
        assert page == {"Page": number, "PageSize": 5, "PageCount": 3, "Total": 12}
        assert len(rows) == size
        found += rows
    assert [row["DeviceName"] for row in found] == names
    device = cloud.device(PK, "dev-3")
    assert found[3]["IotId"] == device.iot_id
    assert found[3]["DeviceSecret"] == device.secret
