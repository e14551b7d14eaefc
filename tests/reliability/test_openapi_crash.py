"""The platform is killed while it works on what the cloud API acknowledged: it goes on with it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.platform.api_calls import PK, Ask, asking, client, done
from tests.reliability.killable import platform_process
from tests.waiting import eventually

SEED = 20260715
NAMES = [f"board-{number:05}" for number in range(3000)]
_UNDER_WAY = ("CHECK", "CREATE")


def finished(ask: Ask, apply_id: int) -> str:
    """Return how a batch ended, waiting for it."""

    def ending() -> str:
        body = ask("QueryBatchRegisterDeviceStatus", product_key=PK, apply_id=apply_id)
        status = str(done(body)["Data"]["Status"])
        return "" if status in _UNDER_WAY else status

    return eventually(ending)


def issued(ask: Ask, apply_id: int) -> dict[str, str]:
    """Return the DeviceSecrets of a batch by DeviceName."""
    found: dict[str, str] = {}
    count = page = 1
    while page <= count:
        answer = done(
            ask("QueryPageByApplyId", apply_id=apply_id, current_page=page, page_size=50)
        )
        count, page = answer["PageCount"], page + 1
        for one in answer["ApplyDeviceList"]["ApplyDeviceInfo"]:
            found[one["DeviceName"]] = one["DeviceSecret"]
    return found


def test_acknowledged_batches_continue_after_a_kill(
    tmp_path: Path, database_url: str, monkeypatch: Any
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    chance = random.Random(SEED)
    (tmp_path / "world.json").write_text(f'{{"product": [{{"key": "{PK}"}}]}}')
    told: dict[str, Any] = {}

    def with_a_kill(action: Callable[[Ask], None], *, within: float) -> None:
        with platform_process(tmp_path, database_url, "api_rates=off") as (ports, kill):
            action(asking(client(ports)))
            time.sleep(chance.uniform(0, within))  # While it works on what it acknowledged.
            kill()

    def check(ask: Ask) -> None:
        told["single"] = done(ask("RegisterDevice", product_key=PK, device_name="single"))["Data"]
        body = ask("BatchCheckDeviceNames", product_key=PK, device_name=NAMES)
        told["apply_id"] = done(body)["Data"]["ApplyId"]

    def register(ask: Ask) -> None:
        assert finished(ask, told["apply_id"]) == "CHECK_SUCCESS"
        body = ask("BatchRegisterDeviceWithApplyId", product_key=PK, apply_id=told["apply_id"])
        assert done(body)["Data"]["ApplyId"] == told["apply_id"]

    def collect(ask: Ask) -> None:
        assert finished(ask, told["apply_id"]) == "CREATE_SUCCESS"
        told["secrets"] = issued(ask, told["apply_id"])

    with_a_kill(check, within=0.02)
    with_a_kill(register, within=0.5)
    with_a_kill(collect, within=0)
    assert sorted(told["secrets"]) == NAMES
    with platform_process(tmp_path, database_url, "api_rates=off") as (ports, _):
        ask = asking(client(ports))
        assert issued(ask, told["apply_id"]) == told["secrets"]
        body = ask("QueryDeviceInfo", product_key=PK, device_name="single")
        assert done(body)["Data"]["DeviceSecret"] == told["single"]["DeviceSecret"]
