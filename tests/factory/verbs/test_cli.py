"""The verbs: what they print, what they leave alone, and the code they end with."""

from __future__ import annotations

import csv
import io
import json
import signal
import stat
import subprocess
import sys
import types
from typing import cast

import pytest
from typer.testing import CliRunner

from alink_factory.cli import app
from alink_factory.errors import BatchError
from alink_factory.ledger import Ledger
from alink_factory.line import Count, Display, Line
from alink_factory.report import overview
from alink_factory.verbs import output
from alink_formats import identity
from tests.factory.workshop import KEY, SECRET, Workshop

ROWS = "DeviceName\nlamp-0001\nlamp-0002\n"
FIRST = "a0b765123456"


def burn(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def begun(workshop: Workshop, *, state: str = "writing") -> Ledger:
    ledger = workshop.ledger()
    claim = ledger.claim("lamps", workshop.plan(rows=ROWS).rows, mac=FIRST)
    assert claim
    ledger.advance(claim, state)
    return ledger


def test_plan_shows_the_batch_and_no_secret(workshop):
    batch = workshop.batch(rows=ROWS, firmware=30_000)
    code, text = burn("plan", batch)
    assert code == 0
    for part in (KEY, "2 from lamps.csv", "lamp-0001 … lamp-0002", "ESP32_GENERIC", "2 to go"):
        assert part in text
    assert identity.fingerprint(SECRET) in text
    assert SECRET not in text


def test_plan_names_the_next_command(workshop):
    batch = workshop.batch(rows=ROWS)
    _, text = burn("plan", batch)
    assert f": `alink-burn run {batch}`." in text
    assert [line for line in text.splitlines() if line != line.rstrip()] == []


def test_resume_quotes_the_next_command(workshop):
    batch = workshop.batch(rows=ROWS)
    spaced = batch.rename(batch.with_name("my batch.toml"))
    _, text = burn("resume", spaced)
    assert f"Continue with `alink-burn run '{spaced}'`." in text


def test_verb_summaries_fit_80_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    _, text = burn("--help")
    verbs = text.partition("Commands:\n")[2].splitlines()
    assert len(verbs) == 19
    assert [line for line in verbs if not line.endswith(".") or line.endswith("...")] == []


def test_plan_reports_an_empty_ledger(workshop):
    batch = workshop.batch(rows=ROWS)
    assert "the ledger is empty" in burn("plan", batch)[1]
    begun(workshop)
    assert "the ledger is empty" not in burn("plan", batch)[1]


@pytest.mark.parametrize(
    ("board", "limits", "usb", "updates"),
    [
        ("ESP32_GENERIC", "esp32; no HMAC unit, so no ProductSecret in eFuses", "", "of files"),
        ("ESP32_GENERIC_S3", "esp32s3", "", "of files"),
        ("ESP32_GENERIC_C3-OTA", "esp32c3; one core", "", "two slots of 2476 KiB"),
        ("ESP32_GENERIC_C6", "esp32c6; one core", "", "of files"),
        ("ESP32_GENERIC_S2-OTA", "esp32s2; one core; no Bluetooth", "over UART", "two slots"),
    ],
)
def test_plan_says_what_a_chip_lacks(workshop, board, limits, usb, updates):
    facts = overview.make(workshop.plan(rows=ROWS, board=board), workshop.ledger()).facts
    assert facts["chip"] == limits
    assert usb in facts.get("USB", "")
    assert ("USB" in facts) == bool(usb)
    assert facts["updates over the air"].startswith(updates)
    assert ("heap" in facts) == (board != "ESP32_GENERIC")


def test_plan_as_json_is_one_document(workshop):
    code, text = burn("plan", workshop.batch(rows=ROWS), "--json")
    assert (code, json.loads(text)["boards"]) == (0, 2)


def test_plan_reports_names_of_another_batch(workshop):
    begun(workshop)
    code, text = burn("plan", workshop.batch(name="other", rows=ROWS))
    assert code == 1
    assert "DeviceName 'lamp-0001' is on board a0b765123456 of batch lamps" in " ".join(
        text.split()
    )


def test_removed_rows_do_not_complete_a_batch(workshop):
    begun(workshop, state="done")
    rows = "DeviceName\nlamp-0003\n"
    code, text = burn("plan", workshop.batch(rows=rows))
    assert code == 0
    assert "1: 0 done, 0 begun, 1 to go" in text
    assert "1 of rows that are no longer in the file" in text
    order = workshop.order(workshop.plan(rows=rows))
    told: list[Count] = []
    display = types.SimpleNamespace(count=told.append, closing=lambda *_, **__: None)
    line = Line(order, list, cast("Display", display))
    line.close()
    line.run()
    assert told == [Count(rows=1, done=0, begun=0)]


def test_exported_image_is_complete_and_private(workshop, tmp_path):
    batch = workshop.batch(rows=ROWS, firmware=30_000)
    target = tmp_path / "lamp.bin"
    code, text = burn("image", batch, "lamp-0002", "-o", target)
    assert code == 0
    assert "Its row stays free: remove it from the batch" in text
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    record = target.read_bytes()[0x1FB000 - 0x1000 :][:0x3000]
    assert identity.decode(record).identity.device_name == "lamp-0002"
    assert workshop.ledger().entries()[-1].what == "exported"


def test_export_needs_new_file_and_free_row(workshop, tmp_path):
    batch = workshop.batch(rows=ROWS)
    (tmp_path / "there").write_text("mine")
    for row, says in (
        ("lamp-0001", "there: File exists: name a new file"),
        ("lamp-9", "has no row 'lamp-9'"),
    ):
        with pytest.raises(BatchError, match=says):
            burn("image", batch, row, "-o", tmp_path / "there")
    begun(workshop)
    with pytest.raises(BatchError, match="lamp-0001 is on the board a0b765123456"):
        burn("image", batch, "lamp-0001", "-o", tmp_path / "new")
    assert (tmp_path / "there").read_text() == "mine"


@pytest.mark.interop
def test_flash_verify_and_report_tell_the_same_story(workshop):
    batch = workshop.batch(rows=ROWS, firmware=30_000)
    flash = workshop.flash()
    port = workshop.pty(flash, mac=FIRST)
    code, text = burn("flash", batch, "--port", port.path, "--operator", "mei", "--station", "b1")
    assert (code, "done" in text, SECRET in text) == (0, True, False), text
    code, text = burn("verify", batch, "--port", port.path)
    assert code == 0, text
    assert "lamp-0001 of a1B2c3D4e5F" in text
    flash.write(0x10800, bytes(1))
    code, text = burn("verify", batch, "--port", port.path, "--json")
    assert code == 1
    assert [one["what"] for one in json.loads(text) if not one["is_good"]] == ["application"]
    code, text = burn("report", batch)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert code == 0
    assert [(row["device_name"], row["state"], row["mac"]) for row in rows] == [
        ("lamp-0001", "done", FIRST),
        ("lamp-0002", "free", ""),
    ]
    assert (rows[0]["operator"], rows[0]["station"]) == ("mei", "b1")
    assert SECRET not in text


@pytest.mark.interop
def test_failed_flash_exits_with_1(workshop):
    port = workshop.pty(workshop.flash(), chip="esp32c3")
    code, text = burn("flash", workshop.batch(rows=ROWS), "--port", port.path)
    assert code == 1
    assert "the chip is esp32c3, but the batch is for esp32" in text


@pytest.mark.interop
def test_ctrl_c_ends_flash_and_is_recorded(workshop):
    batch = workshop.batch(rows=ROWS, firmware=400_000)
    port = workshop.pty(workshop.flash(), mac=FIRST)
    command = [sys.executable, "-m", "alink_factory", "flash", str(batch), "--json"]
    command += ["--port", str(port.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        events = []
        for line in process.stdout or ():
            events.append(json.loads(line))
            if events[-1].get("name") == "writing":
                process.send_signal(signal.SIGINT)
    assert process.returncode == 1
    assert events[-1]["detail"] == "esptool was ended: the line was stopped"
    assert events[-1]["advice"] == "Plug the board in again."
    assert workshop.ledger().entries()[-1].what == "failed"


@pytest.mark.interop
def test_end_of_run_names_next_command(workshop, capsys):
    batch = workshop.batch(rows="DeviceName\nlamp-0001\n")
    code, text = burn("run", batch, "--port", workshop.pty(workshop.flash()).path)
    assert code == 0
    assert f"The batch is complete. `alink-burn report {batch}` writes its report." in text
    workshop.batch(rows=ROWS)
    order = workshop.order(workshop.plan(rows=ROWS))
    output.ending(order, as_json=False)
    assert f"Continue with `alink-burn run {batch}`." in capsys.readouterr().out


def test_resume_frees_rows_and_lists_begun_boards(workshop):
    ledger = begun(workshop)
    plan = workshop.plan(rows=ROWS)
    ledger.claim("lamps", plan.rows, mac="b" * 12)
    code, text = burn("resume", workshop.batch(rows=ROWS), "--station", "bench-1")
    assert code == 0
    assert "not written: lamp-0002" in text
    assert "lamp-0001 was begun on the board a0b765123456 (writing): plug it in again" in text


def test_scrap_frees_the_row_and_keeps_the_reason(workshop):
    ledger = begun(workshop)
    batch = workshop.batch(rows=ROWS)
    code, text = burn("scrap", batch, "--mac", "A0:B7:65:12:34:56", "--reason", "no antenna")
    assert (code, "lamp-0001 is free again" in text) == (0, True)
    assert ledger.claims() == []
    code, text = burn("report", batch, "--format", "json")
    first = json.loads(text)["rows"][0]
    assert (first["state"], first["failures"]) == ("free", "scrapped no antenna")


def test_scrap_asks_which_board_is_meant(workshop):
    begun(workshop)
    with pytest.raises(BatchError, match="name the board with --mac or --name"):
        burn("scrap", workshop.batch(rows=ROWS), "--reason", "x")


@pytest.mark.interop
@pytest.mark.parametrize(
    ("port", "says"),
    [
        ("/dev/ttyUSB99", "/dev/ttyUSB99 does not exist"),
        ("/dev/null", "/dev/null is not a serial port"),
        ("usb://1", "usb://1 is not a serial port"),
        ("socket://127.0.0.1:9", "socket://127.0.0.1:9 does not respond"),
    ],
)
def test_nonexistent_port_is_reported(workshop, port, says):
    code, text = burn("flash", workshop.batch(rows=ROWS), "--port", port)
    assert (code, text.startswith(f"{port}  failed   {says}. ")) == (1, True), text


def test_help_shows_defaults(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code, text = burn("run", "--help")
    assert code == 0
    assert "[default: ledger.db beside BATCH]" in " ".join(text.split())
    assert "bool" not in text


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        (lambda w: w.folder / "nowhere.toml", 2, "nowhere.toml: No such file or directory"),
        (lambda w: w.batch(rows="DeviceName\na\nb\n"), 2, "line 3: DeviceName 'b'"),
        (lambda w: w.batch(rows="DeviceName\n" + "a\n" * 99), 2, "and 79 more errors"),
    ],
)
def test_usage_error_is_one_sentence_on_stderr(workshop, monkeypatch, capsys, change, code, says):
    from alink_factory import cli

    monkeypatch.setattr("sys.argv", ["alink-burn", "plan", str(change(workshop))])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == code
    error = capsys.readouterr().err
    assert says in error
    assert all(line.startswith("alink-burn: ") for line in error.splitlines())
