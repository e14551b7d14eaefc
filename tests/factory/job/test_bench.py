"""Boards that come back, and the computer itself: update, wipe, doctor, the first boot."""

from __future__ import annotations

import json
import os
import types
from dataclasses import replace
from typing import cast

import pytest
from typer.testing import CliRunner

from alink_factory.board import boot_check, doctor
from alink_factory.board.esptool import Esptool
from alink_factory.cli import app
from alink_factory.cloud.client import AccessKey, Cloud
from alink_factory.errors import BatchError, BoardError, CloudError
from alink_factory.job import update, wipe
from alink_formats import identity
from alink_formats.app_image import AppImage
from alink_formats.identity import Identity
from alink_sim.board import firmware_image as images
from alink_sim.board.serial import PtyPort, SerialBoard
from tests.factory import boards
from tests.factory.workshop import KEY, Workshop, burn

pytestmark = pytest.mark.interop

ROWS = "DeviceName\nlamp-0001\nlamp-0002\n"


def _burned(workshop: Workshop, **options: object):
    """Return an order of 60 KB of firmware, the flash and the port of a board burned with it."""
    order = workshop.order(workshop.plan(rows=ROWS, firmware=60_000, **options))
    flash = workshop.flash()
    port = workshop.pty(flash)
    assert burn(order, port).result == "done"
    return order, flash, str(port.path)


# update


@pytest.mark.parametrize("kind", ["ESP32_GENERIC", "ESP32_GENERIC-OTA"])
def test_an_upgrade_changes_the_application_and_nothing_else(workshop: Workshop, kind):
    order, flash, port = _burned(workshop, board=kind)
    before = flash.read(0, flash.size)
    order.plan = workshop.plan(rows=ROWS, firmware=90_000, board=kind)
    done = update.update(order, port)
    slot = order.plan.board.table("factory").slots[0]
    assert (done.device_name, done.slot) == ("lamp-0001", slot.name)
    assert slot.name in done.written
    data = order.plan.firmware.app.data
    assert flash.read(slot.offset, len(data)) == data
    assert flash.read(0, slot.offset) == before[: slot.offset]
    assert flash.read(slot.end, flash.size - slot.end) == before[slot.end :]
    entry = order.ledger.entries()[-1]
    assert (entry.what, entry.device_name) == ("updated", "lamp-0001")


def test_an_upgrade_makes_the_slot_it_wrote_the_one_that_starts(workshop: Workshop):
    order, flash, port = _burned(workshop, board="ESP32_GENERIC-OTA")
    choice = order.plan.board.table("factory").find("otadata")
    flash.write(choice.offset, b"\x02\0\0\0" + b"\xff" * 24 + b"\x74\x37\xf6\x55")
    order.plan = workshop.plan(rows=ROWS, firmware=90_000, board="ESP32_GENERIC-OTA")
    assert "otadata" in update.update(order, port).written
    assert flash.read(choice.offset, 32) == b"\xff" * 32


@pytest.mark.parametrize(
    ("kind", "slot"),
    [("ESP32_GENERIC", "factory 2011136"), ("ESP32_GENERIC-OTA", "ota_1 1552384")],
)
def test_an_application_above_any_slot_of_the_board_is_refused_by_name(
    workshop: Workshop, kind, slot
):
    order, flash, port = _burned(workshop, board=kind)
    before = flash.read(0, flash.size)
    large = bytes(int(slot.split()[1]) + 1)
    assert order.plan.firmware
    order.plan = replace(
        order.plan, firmware=replace(order.plan.firmware, app=AppImage(large, chip_id=0))
    )
    with pytest.raises(BoardError, match=f"the slot {slot.replace(' ', ' of this board ')}"):
        update.update(order, port)
    assert flash.read(0, flash.size) == before


def test_a_board_that_was_never_burned_cannot_be_upgraded(workshop: Workshop):
    order = workshop.order(workshop.plan(rows=ROWS, firmware=60_000))
    flash = workshop.flash()
    port = workshop.pty(flash)
    with pytest.raises(BoardError, match="no partition table"):
        update.update(order, str(port.path))
    assert flash.read(0, flash.size) == b"\xff" * flash.size


def test_a_batch_without_firmware_cannot_upgrade(workshop: Workshop):
    order = workshop.order(workshop.plan(rows=ROWS))
    with pytest.raises(BatchError, match=r"firmware\.image"):
        update.update(order, "/dev/none")


# wipe


def test_a_wiped_board_is_blank_and_its_row_is_free(workshop: Workshop):
    order, flash, port = _burned(workshop)
    done = wipe.wipe(order.plan, order.ledger, order.esptool(port), reason="returned", again=False)
    assert flash.read(0, flash.size) == b"\xff" * flash.size
    assert done.owners == ((KEY, "lamp-0001"),)
    assert "ResetThing" in done.in_the_cloud[0]
    assert order.ledger.claims() == []
    entry = order.ledger.entries()[-1]
    assert (entry.what, entry.device_name, entry.detail) == ("wiped", "lamp-0001", "returned")


def test_a_board_that_no_ledger_knows_is_wiped_and_named(workshop: Workshop):
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


def test_a_board_whose_flash_is_damaged_is_named_by_the_ledger(workshop: Workshop):
    order, flash, port = _burned(workshop)
    flash.write(0x1FB000, bytes(0x1000))
    done = wipe.wipe(order.plan, order.ledger, order.esptool(port), reason="x", again=False)
    assert done.owners == ((KEY, "lamp-0001"),)


def test_a_flash_that_cannot_be_erased_keeps_its_row(workshop: Workshop):
    order = workshop.order(workshop.plan(rows=ROWS))
    port = workshop.pty(workshop.flash(stuck={0x1FB010: 0x41}))
    assert burn(order, port).result == "failed"
    esptool = order.esptool(str(port.path))
    with pytest.raises(BoardError, match="is not blank after the erase"):
        wipe.wipe(order.plan, order.ledger, esptool, reason="x", again=False)
    assert [claim.device_name for claim in order.ledger.claims()] == ["lamp-0001"]


def test_a_board_that_takes_the_place_of_another_keeps_the_others_row(workshop, monkeypatch):
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


def test_a_board_is_blank_even_if_the_cloud_does_not_answer(workshop: Workshop, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    order, flash, port = _burned(workshop)
    done = wipe.wipe(order.plan, order.ledger, order.esptool(port), reason="x", again=False)
    cloud = Cloud("http://127.0.0.1:9", AccessKey("id", "hush-hush"))
    says = f"is blank, but lamp-0001 of {KEY} was not reset: .* does not respond to ResetThing"
    with pytest.raises(CloudError, match=says) as caught:
        wipe.reset(done, cloud)
    assert "reset the device in the console" in str(caught.value)
    assert flash.read(0, flash.size) == b"\xff" * flash.size


def test_a_copy_is_wiped_and_the_cloud_keeps_the_board_it_was_made_of(workshop: Workshop):
    order, flash, _ = _burned(workshop)
    (first,) = order.ledger.claims()
    copy = workshop.flash()
    copy.burn(0, flash.read(0, flash.size))
    esptool = order.esptool(str(workshop.pty(copy).path))
    done = wipe.wipe(order.plan, order.ledger, esptool, reason="copy", again=False)
    asked: list[str] = []
    cloud = cast("Cloud", types.SimpleNamespace(reset=lambda _, name: asked.append(name)))
    (says,) = wipe.reset(done, cloud).in_the_cloud
    assert says.startswith(f"lamp-0001 of {KEY}: this was a copy of the board {first.mac}.")
    assert asked == []
    assert order.ledger.claims() == [first]


def test_without_an_access_key_a_board_that_is_to_be_reset_is_not_wiped(workshop, monkeypatch):
    monkeypatch.delenv("ALIBABA_CLOUD_ACCESS_KEY_ID", raising=False)
    command = ["wipe", str(workshop.batch(rows=ROWS)), "--port", "/dev/none", "--reset-cloud"]
    done = CliRunner().invoke(app, command)
    assert isinstance(done.exception, CloudError)
    assert "the access key is missing" in str(done.exception)


def test_fresh_burns_the_same_row_anew(workshop: Workshop):
    order, flash, port = _burned(workshop)
    claim = order.ledger.claims()[0]
    table = order.plan.board.table("factory")
    flash.write(table.find("cred").offset, b"what a device has kept")
    batch = workshop.folder / "lamps.toml"
    done = CliRunner().invoke(app, ["wipe", str(batch), "--port", port, "--fresh", "--json"])
    assert done.exit_code == 0, done.output
    now = order.ledger.claims()
    assert [(c.device_name, c.mac, c.state) for c in now] == [("lamp-0001", claim.mac, "done")]
    assert flash.read(table.find("cred").offset, 32) == b"\xff" * 32
    what = [(entry.what, entry.detail) for entry in order.ledger.entries()]
    assert ("claimed", "wiped: returned") in what


def test_fresh_of_a_board_of_another_batch_erases_nothing(workshop: Workshop):
    order, flash, port = _burned(workshop)
    before = flash.read(0, flash.size)
    order.plan = workshop.plan(name="others", rows="DeviceName\nother-01\n")
    with pytest.raises(BoardError, match="it belongs to batch lamps"):
        wipe.wipe(order.plan, order.ledger, order.esptool(port), reason="x", again=True)
    assert flash.read(0, flash.size) == before
    assert order.ledger.claims()[0].state == "done"


# doctor


def _examine(workshop: Workshop, *ports: str) -> dict[str, doctor.Finding]:
    made = doctor.examine(ports, lambda port: Esptool(port, scratch=workshop.folder).identify())
    return {one.what: one for one in made}


def test_the_doctor_finds_programs_chip_and_flash(workshop: Workshop):
    port = str(workshop.pty(workshop.flash(), mac="a0b765123456").path)
    found = _examine(workshop, port)
    assert all(one.is_good for one in found.values()), found
    assert found["esptool"].seen.startswith("5.")
    assert found["mpremote"].seen.startswith("1.")
    assert found[f"{port} chip"].seen == "esp32, MAC a0b765123456"
    assert found[f"{port} flash"].seen == "4MB"
    assert "hold BOOT" in found[port].seen


def test_a_dead_flash_and_a_port_that_is_not_there_are_found(workshop: Workshop):
    port = str(workshop.pty(workshop.flash(), flash_id=0xFFFFFF).path)
    found = _examine(workshop, port, "/dev/ttyNONE")
    assert not found[f"{port} flash"].is_good
    assert "repair" in found[f"{port} flash"].advice
    assert not found["/dev/ttyNONE"].is_good
    assert "cable" in found["/dev/ttyNONE"].advice


def test_a_port_that_may_not_be_opened_names_the_group(workshop: Workshop, monkeypatch):
    port = workshop.folder / "tty"
    port.touch(mode=0)
    monkeypatch.setattr(os, "access", lambda *_: False)  # Root may open everything.
    finding = _examine(workshop, str(port))[str(port)]
    assert "permission" in finding.seen
    assert "usermod -aG" in finding.advice


def test_no_port_at_all_is_advice_not_silence(workshop: Workshop, monkeypatch):
    monkeypatch.setattr("alink_factory.board.ports.listed", list)
    assert "cable" in _examine(workshop)["ports"].advice


def test_the_command_says_what_to_do_and_fails(workshop: Workshop):
    done = CliRunner().invoke(app, ["doctor", "--port", "/dev/ttyNONE", "--json"])
    assert done.exit_code == 1
    findings = [json.loads(line) for line in done.output.splitlines()]
    assert [one["what"] for one in findings if not one["is_good"]] == ["/dev/ttyNONE"]


def test_advice_and_what_was_seen_hang_under_their_own_first_word(monkeypatch):
    long = "plug it in again " * 9
    found = doctor.Finding("ports", is_good=False, seen=long, advice=long)
    monkeypatch.setattr(doctor, "examine", lambda *_: [found])
    lines = CliRunner().invoke(app, ["doctor"]).output.splitlines()
    advice = next(n for n, line in enumerate(lines) if line.startswith("  → plug"))
    assert lines[0].startswith("✗ ports  plug")
    assert lines[1:advice]
    assert lines[advice + 1 :]
    for first, rest in ((9, lines[1:advice]), (4, lines[advice + 1 :])):
        assert all(line.startswith(" " * first) and line[first] != " " for line in rest)
    assert [line for line in lines if line != line.rstrip()] == []


# The first boot


def _printing(workshop: Workshop, monkeypatch, main: str) -> tuple[PtyPort, str]:
    # A board that prints this when it is reset, as its reset lines would do.
    board, serial = boards.blank(workshop.folder)
    board.flash.burn(board.definition.firmware_offset, images.published(board.definition))
    from alink_sim.board import burn as burn_flash

    burn_flash(
        board.flash, board.definition, layout="stock", identity=None,
        files={"/main.py": main.encode()},
    )  # fmt: skip
    monkeypatch.setattr(boot_check, "_reset", lambda *_: serial.reset(download=False))
    port = boards.pty(board, serial, download=True)
    return port, str(port.path)


WHO = Identity(product_key=KEY, product_secret="x", device_name="lamp-0001")
SAYS = "print('alink: this is %s/%s, not registered yet, SDK %s')"


def test_a_board_that_says_who_it_is_has_booted(workshop: Workshop, monkeypatch):
    main = SAYS % (KEY, "lamp-0001", boot_check.sdk_version())
    port, path = _printing(workshop, monkeypatch, main)
    with port:
        assert boot_check.check(path, WHO) == f"lamp-0001, SDK {boot_check.sdk_version()}"


@pytest.mark.parametrize(
    ("main", "complaint"),
    [
        (SAYS % (KEY, "lamp-0009", "0.1.0"), "the board says it is lamp-0009"),
        (SAYS % ("a1Other", "lamp-0001", "0.1.0"), "it is lamp-0001 of a1Other"),
        (SAYS % (KEY, "lamp-0001", "0.0.1"), "the board runs SDK 0.0.1, but"),
        ("import not_there", "the application does not start"),
    ],
)
def test_a_board_that_is_not_right_is_red_at_once(workshop, monkeypatch, main, complaint):
    port, path = _printing(workshop, monkeypatch, main)
    with port, pytest.raises(BoardError, match=complaint):
        boot_check.check(path, WHO)


def test_a_board_without_firmware_is_red_at_once(workshop: Workshop, monkeypatch):
    board, serial = boards.blank(workshop.folder)
    monkeypatch.setattr(boot_check, "_reset", lambda *_: serial.reset(download=False))
    port = boards.pty(board, serial, download=True)
    with port, pytest.raises(BoardError, match="the firmware does not start"):
        boot_check.check(str(port.path), WHO)


def test_a_silent_board_is_told_apart_from_a_wrong_one(workshop: Workshop, monkeypatch):
    port, path = _printing(workshop, monkeypatch, "pass")
    monkeypatch.setattr(boot_check, "_reset", lambda *_: None)
    with (
        port,
        pytest.raises(
            BoardError, match="did not print its identity within 0 s; it printed nothing"
        ),
    ):
        boot_check.check(path, WHO, timeout=0.1)
