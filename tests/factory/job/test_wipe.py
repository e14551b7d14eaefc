"""Wipe: a returned board is blank, on record, and reset in the cloud."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest
from typer.testing import CliRunner

from alink_factory.board.esptool import Chip
from alink_factory.cli import app
from alink_factory.cloud.client import AccessKey, Cloud
from alink_factory.errors import BoardError, CloudError
from alink_factory.job import wipe
from alink_factory.job.order import Order
from alink_formats import identity
from alink_formats.identity import Identity
from alink_sim.board.serial import PtyPort, SerialBoard
from tests.factory.workshop import KEY, Workshop, burn, burned

pytestmark = pytest.mark.interop

ROWS = "DeviceName\nlamp-0001\nlamp-0002\n"


def test_wipe_blanks_board_and_frees_row(workshop: Workshop):
    order, flash, port = burned(workshop)
    done = wipe.wipe(order.plan, order.ledger, order.esptool(port), reason="returned", again=False)
    assert flash.read(0, flash.size) == b"\xff" * flash.size
    assert done.owners == ((KEY, "lamp-0001"),)
    assert "ResetThing" in done.in_the_cloud[0]
    assert order.ledger.claims() == []
    entry = order.ledger.entries()[-1]
    assert (entry.what, entry.device_name, entry.detail) == ("wiped", "lamp-0001", "returned")


def test_unknown_board_is_wiped_and_named(workshop: Workshop):
    order = workshop.order(workshop.plan(rows=ROWS))
    flash = workshop.flash()
    other = Identity(product_key=KEY, product_secret="x", device_name="stranger-1")
    flash.burn(0x1FB000, identity.encode(other))
    port = workshop.pty(flash)
    done = wipe.wipe(
        order.plan, order.ledger, order.esptool(str(port.path)), reason="found", again=False
    )
    assert done.owners == ((KEY, "stranger-1"),)
    assert "stranger-1" in order.ledger.entries()[-1].detail


def test_ledger_names_board_with_damaged_flash(workshop: Workshop):
    order, flash, port = burned(workshop)
    flash.write(0x1FB000, bytes(0x1000))
    done = wipe.wipe(order.plan, order.ledger, order.esptool(port), reason="x", again=False)
    assert done.owners == ((KEY, "lamp-0001"),)


def test_unerasable_flash_keeps_its_row(workshop: Workshop):
    order = workshop.order(workshop.plan(rows=ROWS))
    port = workshop.pty(workshop.flash(stuck={0x1FB010: 0x41}))
    assert burn(order, port).result == "failed"
    esptool = order.esptool(str(port.path))
    with pytest.raises(BoardError, match="is not blank after the erase"):
        wipe.wipe(order.plan, order.ledger, esptool, reason="x", again=False)
    assert [claim.device_name for claim in order.ledger.claims()] == ["lamp-0001"]


def test_exchanged_board_does_not_free_the_row(workshop, monkeypatch):
    order = workshop.order(workshop.plan(rows=ROWS))
    port = workshop.pty(workshop.flash())
    assert burn(order, port).result == "done"
    first = order.ledger.claims()[0]
    esptool = order.esptool(str(port.path))
    other = PtyPort(SerialBoard(workshop.flash(), mac="b" * 12), port.path)
    erase = esptool.erase

    def change() -> None:
        port.unplug()
        other.plug()
        erase()

    monkeypatch.setattr(esptool, "erase", change)
    with pytest.raises(BoardError, match=f"changed from {first.mac} to {'b' * 12}"):
        wipe.wipe(order.plan, order.ledger, esptool, reason="x", again=False)
    other.unplug()
    assert order.ledger.claims() == [first]


def test_board_is_blank_without_cloud_response(workshop: Workshop, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    order, flash, port = burned(workshop)
    done = wipe.wipe(order.plan, order.ledger, order.esptool(port), reason="x", again=False)
    cloud = Cloud("http://127.0.0.1:9", AccessKey("id", "hush-hush"))
    says = f"is blank, but lamp-0001 of {KEY} was not reset: .* does not respond to ResetThing"
    with pytest.raises(CloudError, match=says) as caught:
        wipe.reset(done, cloud)
    assert "reset the device in the console" in str(caught.value)
    assert flash.read(0, flash.size) == b"\xff" * flash.size


def test_wiping_a_copy_does_not_reset_the_original(workshop: Workshop):
    order, flash, _ = burned(workshop)
    (first,) = order.ledger.claims()
    copy = workshop.flash()
    copy.burn(0, flash.read(0, flash.size))
    esptool = order.esptool(str(workshop.pty(copy).path))
    done = wipe.wipe(order.plan, order.ledger, esptool, reason="copy", again=False)
    asked: list[str] = []
    cloud = cast("Cloud", SimpleNamespace(reset=lambda _, name: asked.append(name)))
    (says,) = wipe.reset(done, cloud).in_the_cloud
    assert says.startswith(f"lamp-0001 of {KEY}: this was a copy of the board {first.mac}.")
    assert asked == []
    assert order.ledger.claims() == [first]


def test_cloud_reset_without_access_key_wipes_nothing(workshop, monkeypatch):
    monkeypatch.delenv("ALIBABA_CLOUD_ACCESS_KEY_ID", raising=False)
    command = ["wipe", str(workshop.batch(rows=ROWS)), "--port", "/dev/none", "--mac", "1"]
    command.append("--reset-cloud")
    done = CliRunner().invoke(app, command)
    assert isinstance(done.exception, CloudError)
    assert "the access key is missing" in str(done.exception)


def test_fresh_wipe_burns_same_row_again(workshop: Workshop):
    order, flash, port = burned(workshop)
    claim = order.ledger.claims()[0]
    table = order.plan.board.table("factory")
    flash.write(table.find("cred").offset, b"what a device has kept")
    batch = workshop.folder / "lamps.toml"
    command = ["wipe", str(batch), "--port", port, "--name", "lamp-0001", "--fresh", "--json"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    now = order.ledger.claims()
    assert [(c.device_name, c.mac, c.state) for c in now] == [("lamp-0001", claim.mac, "done")]
    assert flash.read(table.find("cred").offset, 32) == b"\xff" * 32
    what = [(entry.what, entry.detail) for entry in order.ledger.entries()]
    assert ("claimed", "wiped: returned") in what


MAC = "a0b765123456"


class Terminal:
    """A standard input with a person in front of it."""

    def isatty(self) -> bool:
        return True


class FakeEsptool:
    """A blank board that notes whether it was erased."""

    port = "tty1"

    def __init__(self) -> None:
        self.is_erased = False

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        return

    def read(self, _offset: int, size: int) -> tuple[Chip, bytes]:
        return Chip("esp32", MAC, 4 << 20), b"\xff" * size

    def erase(self) -> None:
        self.is_erased = True


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeEsptool:
    """Return the board on every port."""
    made = FakeEsptool()
    monkeypatch.setattr(Order, "esptool", lambda *_, **__: made)
    return made


def invoke_wipe(workshop: Workshop, *more: str):
    plan = workshop.plan(rows=ROWS)
    assert workshop.ledger().claim("lamps", plan.rows, mac=MAC)
    command = ["wipe", str(plan.batch.file), "--port", "tty1", *more]
    return CliRunner().invoke(app, command, input="y\n")


@pytest.mark.parametrize(
    "named", [["--mac", "A0:B7:65:12:34:56"], ["--name", "lamp-0001"]], ids=["mac", "name"]
)
def test_named_board_is_erased_unasked(workshop, fake, named):
    assert invoke_wipe(workshop, *named).exit_code == 0
    assert fake.is_erased


@pytest.mark.parametrize("named", [["--mac", "b" * 12], ["--name", "lamp-0002"]])
def test_another_board_is_not_erased(workshop, fake, named):
    done = invoke_wipe(workshop, *named)
    assert f"the board on the port is {MAC}, lamp-0001: not the one" in str(done.exception)
    assert not fake.is_erased


def test_wipe_without_terminal_needs_a_name(workshop, fake):
    assert "with --mac or --name" in str(invoke_wipe(workshop).exception)
    assert not fake.is_erased


@pytest.mark.parametrize("is_agreed", [True, False])
def test_wipe_asks_the_operator_first(workshop, fake, monkeypatch, is_agreed):
    asked: list[str] = []

    def confirm(text: str, **_: object) -> bool:
        asked.append(text)
        return bool(is_agreed)

    monkeypatch.setattr("alink_factory.verbs.maintenance.sys", SimpleNamespace(stdin=Terminal()))
    monkeypatch.setattr("typer.confirm", confirm)
    invoke_wipe(workshop)
    assert asked == [f"Erase the board {MAC}, lamp-0001?"]
    assert fake.is_erased is is_agreed


def test_fresh_wipe_refuses_board_of_another_batch(workshop: Workshop):
    order, flash, port = burned(workshop)
    before = flash.read(0, flash.size)
    order.plan = workshop.plan(name="others", rows="DeviceName\nother-01\n")
    with pytest.raises(BoardError, match="it belongs to batch lamps"):
        wipe.wipe(order.plan, order.ledger, order.esptool(port), reason="x", again=True)
    assert flash.read(0, flash.size) == before
    assert order.ledger.claims()[0].state == "done"
