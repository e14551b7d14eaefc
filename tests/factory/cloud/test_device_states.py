"""Names whose device is active, disabled or missing: `plan` lists them, no board gets one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest.mock import ANY

import pytest
from typer.testing import CliRunner

from alink_factory.cli import app
from alink_factory.cloud.client import AccessKey, Cloud
from alink_factory.cloud.device_states import DeviceStates
from alink_factory.errors import BoardError
from alink_sim.platform import Platform
from tests.factory import boards
from tests.factory.workshop import KEY, Workshop
from tests.platform.wire import ACCEPTED, Party, Wire

pytestmark = pytest.mark.interop

ROWS = "DeviceName\n" + "".join(f"lamp-{number:04d}\n" for number in range(1, 7))
ASKS = "[line]\nask_cloud = true\n"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    """A platform with an active lamp-0002, a disabled lamp-0004, and without lamp-0005."""
    with Platform(state=tmp_path / "platform") as made:
        made.console.create_product(key=KEY)
        for number in (1, 2, 3, 4, 6):
            made.console.add_device(KEY, f"lamp-{number:04d}")
        activate(made, "lamp-0002")
        made.console.disable_device(KEY, "lamp-0004")
        yield made


def activate(platform: Platform, name: str) -> None:
    party = Party.of(platform.console.product(KEY), platform.console.device(KEY, name))
    with Wire.tls(platform) as wire:
        assert wire.ask(party.log_in()) == ACCEPTED


def cloud(platform: Platform) -> Cloud:
    key = AccessKey(platform.access_key.id, platform.access_key.secret)
    return Cloud(f"http://127.0.0.1:{platform.openapi_port}", key)


def states(workshop: Workshop, platform: Platform, **batch: object) -> DeviceStates:
    return DeviceStates(workshop.plan(**{"rows": ROWS, **batch}), cloud(platform))


def access(workshop: Workshop, platform: Platform) -> list[str]:
    key = boards.access_key(platform, workshop.folder)
    return ["--endpoint", f"http://127.0.0.1:{platform.openapi_port}", "--access-key", str(key)]


def test_states_leave_out_missing_devices(platform: Platform):
    names = [f"lamp-{number:04d}" for number in range(1, 7)]
    assert cloud(platform).states(KEY, names) == {
        "lamp-0001": "UNACTIVE",
        "lamp-0002": ANY,
        "lamp-0003": "UNACTIVE",
        "lamp-0004": "DISABLE",
        "lamp-0006": "UNACTIVE",
    }


def test_refused_rows_are_free_in_the_ledger(workshop: Workshop, platform: Platform):
    asked = states(workshop, platform)
    whys = [one.why for one in asked.refused(workshop.ledger())]
    assert whys == [
        "lamp-0002 is active in the cloud",
        "lamp-0004 is disabled in the cloud",
        "lamp-0005 is missing in the cloud",
    ]
    # A board of this ledger has it: that it is active is as it should be.
    assert workshop.ledger().claim("lamps", [asked.plan.rows[1]], mac="a0b765123456")
    assert asked.refused(workshop.ledger())[0].row.device_name == "lamp-0004"


def test_missing_device_is_right_with_regnwl(workshop: Workshop, platform: Platform):
    asked = states(workshop, platform)
    batch = asked.plan.batch
    common = replace(batch.common, method="regnwl")
    asked.plan = replace(asked.plan, batch=replace(batch, common=common))
    names = [one.row.device_name for one in asked.refused(workshop.ledger())]
    assert names == ["lamp-0002", "lamp-0004"]


def test_line_asks_just_before_the_claim(workshop: Workshop, platform: Platform):
    asked = states(workshop, platform)
    rows = asked.plan.rows
    activate(platform, "lamp-0001")
    assert next(asked.free(rows)).device_name == "lamp-0003"
    with pytest.raises(BoardError, match="lamp-0002 is active in the cloud"):
        list(asked.free(rows[:2]))
    asked.cloud = Cloud("http://127.0.0.1:9", AccessKey("id", "secret"))
    with pytest.raises(BoardError, match="does not respond to BatchGetDeviceState"):
        next(asked.free(rows))


def test_plan_lists_rows_that_the_cloud_refuses(workshop: Workshop, platform: Platform):
    batch = str(workshop.batch(rows=ROWS))
    assert "cloud" not in CliRunner().invoke(app, ["plan", batch]).output
    done = CliRunner().invoke(app, ["plan", batch, "--ask-cloud", *access(workshop, platform)])
    assert done.exit_code == 1
    for sentence in ("line 3: lamp-0002 is active", "line 5: lamp-0004 is disabled", "3 rows"):
        assert sentence in done.output
    assert platform.access_key.secret not in done.output
    alone = CliRunner().invoke(app, ["plan", batch, "--ask-cloud"])
    assert "the access key is missing" in str(alone.exception)


def test_flash_burns_no_refused_row(workshop: Workshop, platform: Platform):
    batch = str(workshop.batch(rows=ROWS.replace("lamp-0001\n", ""), more=ASKS))
    port = str(workshop.pty(workshop.flash()).path)
    done = CliRunner().invoke(
        app, ["flash", batch, "--port", port, *access(workshop, platform), "--json"]
    )
    assert done.exit_code == 0, done.output
    assert "lamp-0002 is active in the cloud: no board gets this row" in done.output
    assert [claim.device_name for claim in workshop.ledger().claims()] == ["lamp-0003"]
