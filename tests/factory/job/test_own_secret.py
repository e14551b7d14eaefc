"""Boards with their own DeviceSecret: created in the cloud by the line, nothing of the product."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from alink_factory.cli import app
from alink_factory.cloud.client import AccessKey, Cloud
from alink_factory.errors import BatchError, CloudError
from alink_factory.job import export, verify, wipe
from alink_formats import identity
from alink_formats.identity import Identity
from alink_sim.board import FlashFile
from alink_sim.platform import Platform
from alink_sim.sntp import SntpServer
from tests.factory import boards
from tests.factory.workshop import KEY, Workshop, burn

pytestmark = pytest.mark.interop

ROWS = "DeviceName\nlamp-0001\nlamp-0002\n"
FCTRY = 0x1FB000
DYING = """
import os
import sys

from alink_factory.cli import app
from alink_factory.cloud.client import Cloud
from alink_factory.ledger import Ledger

_, step, moment, *arguments = sys.argv
owner, name = (Cloud, step) if step == "create" else (Ledger, "advance")
if step == "note":
    owner, name = Ledger, "note"
usual = getattr(owner, name)


def dies(self, *given, **more):
    if step not in (name, *given):
        return usual(self, *given, **more)
    if moment == "after":
        usual(self, *given, **more)
    os.kill(os.getpid(), 9)


setattr(owner, name, dies)
app(arguments)
"""


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")  # The client would take a proxy even to 127.0.0.1.


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    with Platform(state=tmp_path / "platform") as made:
        made.console.create_product(key=KEY)
        yield made


def cloud(platform: Platform, instance: str = "") -> Cloud:
    key = AccessKey(platform.access_key.id, platform.access_key.secret)
    return Cloud(f"http://127.0.0.1:{platform.openapi_port}", key, instance=instance)


def order(workshop: Workshop, platform: Platform, **batch: object):
    plan = workshop.plan(secret="none", **{"rows": ROWS, **batch})
    return workshop.order(plan, cloud=cloud(platform))


def burned(flash: FlashFile) -> Identity:
    return identity.decode(flash.read(FCTRY, 0x3000)).identity


def test_board_gets_its_own_secret_alone(workshop: Workshop, platform: Platform):
    line = order(workshop, platform)
    flashes = [workshop.flash() for _ in range(2)]
    for flash in flashes:
        assert burn(line, workshop.pty(flash)).result == "done"
    for flash, name in zip(flashes, ("lamp-0001", "lamp-0002"), strict=True):
        found = burned(flash)
        assert (found.device_name, found.product_secret) == (name, "")
        assert found.device_secret == platform.console.device(KEY, name).secret
        content = flash.read(0, 0x400000)
        assert platform.console.product(KEY).secret.encode() not in content
    kept = (workshop.folder / "ledger.db").read_bytes()
    for flash in flashes:
        assert burned(flash).device_secret.encode() not in kept
    assert [e.what for e in line.ledger.entries()].count("registered") == 2


@pytest.mark.parametrize(
    ("step", "moment"),
    [
        ("create", "before"),
        ("create", "after"),
        ("note", "after"),
        ("imaged", "after"),
        ("writing", "after"),
        ("written", "before"),
        ("verified", "after"),
        ("done", "before"),
    ],
)
def test_killed_line_spends_and_loses_no_name(
    workshop: Workshop, platform: Platform, step: str, moment: str
):
    batch = workshop.batch(rows=ROWS, secret="none")
    key = boards.access_key(platform, workshop.folder)
    flash = workshop.flash()
    port = workshop.pty(flash)
    arguments = ["flash", str(batch), "--port", str(port.path), "--access-key", str(key)]
    arguments += ["--endpoint", f"http://127.0.0.1:{platform.openapi_port}"]
    killed = subprocess.run(
        [sys.executable, "-c", DYING, step, moment, *arguments], check=False, capture_output=True
    )
    assert killed.returncode == -9, killed.stderr
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert burned(flash).device_secret == platform.console.device(KEY, "lamp-0001").secret
    assert [one.name for one in platform.console.devices(KEY)] == ["lamp-0001"]
    (claim,) = workshop.ledger().claims()
    assert (claim.device_name, claim.state) == ("lamp-0001", "done")


def test_lost_response_of_the_cloud_loses_no_name(
    workshop: Workshop, platform: Platform, monkeypatch: pytest.MonkeyPatch
):
    usual = Cloud.create

    def lost(self: Cloud, product_key: str, name: str) -> str:
        usual(self, product_key, name)
        monkeypatch.setattr(Cloud, "create", usual)
        raise CloudError("http://… does not respond to RegisterDevice")

    monkeypatch.setattr(Cloud, "create", lost)
    line, flash = order(workshop, platform), workshop.flash()
    port = workshop.pty(flash)
    failed = burn(line, port)
    assert (failed.result, failed.is_final) == ("failed", False)
    assert failed.advice == "Nothing was written. Plug the board in again."
    assert flash.read(FCTRY, 16) == b"\xff" * 16
    assert burn(line, port).result == "done"
    assert burned(flash).device_secret == platform.console.device(KEY, "lamp-0001").secret


def test_device_that_was_online_is_not_burned_again(workshop: Workshop, platform: Platform):
    device = platform.console.add_device(KEY, "lamp-0001")
    _log_in(platform, device.secret)
    line, flash = order(workshop, platform), workshop.flash()
    failed = burn(line, workshop.pty(flash))
    assert failed.is_final
    assert failed.detail.startswith("lamp-0001 was online before, and not on this board")
    assert device.secret.encode() not in flash.read(0, 0x400000)
    platform.console.remove_device(KEY, "lamp-0001")
    assert burn(line, workshop.pty(flash)).result == "done"
    assert burned(flash).device_secret == platform.console.device(KEY, "lamp-0001").secret


def test_board_that_was_online_may_finish_and_return(workshop: Workshop, platform: Platform):
    line, flash = order(workshop, platform), workshop.flash()
    port = workshop.pty(flash, mac="a0b765000099")
    line.boot_check = _fails_once(platform)
    assert burn(line, port).result == "failed"
    assert burn(line, port).result == "done"  # The first boot was online before the check failed.
    wipe.wipe(line.plan, line.ledger, line.esptool(str(port.path)), reason="x", again=False)
    assert burn(line, workshop.pty(flash, mac="a0b765000099")).result == "done"
    assert burned(flash).device_secret == platform.console.device(KEY, "lamp-0001").secret


def test_scrapped_board_keeps_its_name(workshop: Workshop, platform: Platform):
    line, flash = order(workshop, platform), workshop.flash()
    assert burn(line, workshop.pty(flash)).result == "done"
    _log_in(platform, burned(flash).device_secret)
    (claim,) = line.ledger.claims()
    line.ledger.retire(claim, what="scrapped", reason="dropped")
    other = order(workshop, platform)
    assert "was online before" in burn(other, workshop.pty(workshop.flash())).detail


def test_gateway_brings_its_sub_devices_into_the_cloud(workshop: Workshop, platform: Platform):
    platform.console.create_product(key="a1Sub")
    rows = "ProductKey,DeviceName,Kind,Gateway,SubProducts\n"
    rows += f"{KEY},gate-0001,gateway,,a1Sub\na1Sub,sub-0001,subdevice,gate-0001,\n"
    rows += "a1Sub,sub-0002,subdevice,gate-0001,\n"
    line = order(workshop, platform, rows=rows, more='[secrets]\na1Sub = "none"')
    flash = workshop.flash()
    assert burn(line, workshop.pty(flash)).result == "done"
    assert burned(flash).sub_products == ()
    for name in ("sub-0001", "sub-0002"):
        assert platform.console.device("a1Sub", name).secret
    content = flash.read(0, 0x400000)
    assert platform.console.product("a1Sub").secret.encode() not in content


def test_exported_image_holds_its_own_secret_alone(workshop: Workshop, platform: Platform):
    line = order(workshop, platform)
    made = export.export(
        line.plan, line.ledger, row="lamp-0001", mac="", flash_size=4 << 20, cloud=line.cloud
    )
    assert platform.console.device(KEY, "lamp-0001").secret.encode() in made.data
    assert platform.console.product(KEY).secret.encode() not in made.data


def test_verify_knows_the_secret_by_its_digest(workshop: Workshop, platform: Platform):
    line, flash = order(workshop, platform), workshop.flash()
    port = workshop.pty(flash)
    assert burn(line, port).result == "done"

    def checked() -> bool:
        checks = verify.check(line.plan, line.ledger, line.esptool(str(port.path)))
        return {one.what: one.is_good for one in checks}["identity"]

    assert checked()
    found = burned(flash)
    other = Identity(**vars(found) | {"device_secret": "0" * 32})
    flash.burn(FCTRY, identity.encode(other))
    assert not checked()


def test_without_an_access_key_nothing_is_burned(workshop: Workshop, monkeypatch):
    monkeypatch.delenv("ALIBABA_CLOUD_ACCESS_KEY_ID", raising=False)
    batch = workshop.batch(rows=ROWS, secret="none")
    done = CliRunner().invoke(app, ["flash", str(batch), "--port", "/dev/null"])
    assert str(done.exception).startswith("the access key is missing: set ALIBABA_CLOUD")
    plan = workshop.plan(rows=ROWS, secret="none")
    outcome = burn(workshop.order(plan), workshop.pty(workshop.flash()))
    assert "comes from the cloud, and no access key is given" in outcome.detail


def test_registration_method_contradicts_no_secret(workshop: Workshop):
    with pytest.raises(BatchError, match=r'product\.secret is "none"'):
        workshop.plan(rows=ROWS, secret="none", product='method = "regnwl"')


def test_plan_says_that_no_secret_is_burned(workshop: Workshop):
    shown = CliRunner().invoke(app, ["plan", str(workshop.batch(rows=ROWS, secret="none"))])
    assert "2 from the cloud, each board its own" in " ".join(shown.output.split())
    assert "ProductSecret  " not in shown.output


def test_board_is_online_without_any_registration(workshop: Workshop, tmp_path: Path):
    ntp = SntpServer()
    ntp.start()
    with Platform(state=tmp_path / "platform") as platform:
        product = boards.product(platform, ntp, tmp_path)
        platform.console.set_dynamic_registration(KEY, on=False)
        plan = workshop.plan(rows=ROWS, firmware=60_000, product=product, secret="none")
        board, serial = boards.blank(workshop.folder)
        with boards.pty(board, serial, download=True) as port:
            line = workshop.order(plan, cloud=cloud(platform, boards.INSTANCE))
            assert burn(line, port).result == "done"
            serial.reset(download=False)
            board.expect("alink: online at ")
        kinds = [event.kind for event in platform.events(device_name="lamp-0001")]
        assert "online" in kinds
        assert not [kind for kind in kinds if kind.startswith("registration")]
        assert platform.console.product(KEY).secret.encode() not in board.flash.read(0, 0x400000)
    ntp.stop()


def _log_in(platform: Platform, secret: str) -> None:
    from tests.platform.wire import ACCEPTED, Party, Wire

    party = Party(platform.console.product(KEY), "lamp-0001", secret)
    with Wire.tls(platform) as wire:
        assert wire.ask(party.log_in()) == ACCEPTED


def _fails_once(platform: Platform):
    from alink_factory.errors import BoardError

    def check(_: str, made: Identity) -> str:
        if platform.console.device(KEY, "lamp-0001").status == "Inactive":
            _log_in(platform, made.device_secret)
            raise BoardError("booted", "the cable was pulled", advice="Again.")
        return "ok"

    return check
