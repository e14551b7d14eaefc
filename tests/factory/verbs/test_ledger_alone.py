"""report, resume and scrap need the ledger alone: no secret, no firmware image, no CSV."""

from __future__ import annotations

import json
import os
import stat

import pytest
from typer.testing import CliRunner

from alink_factory.board import program
from alink_factory.cli import app
from alink_factory.errors import LedgerError
from tests.factory.workshop import Workshop
from tests.firmware import certificates

ROWS = "DeviceName\nlamp-0001\nlamp-0002\n"
MAC = "a0b765123456"


@pytest.fixture
def bare(workshop: Workshop, monkeypatch: pytest.MonkeyPatch):
    """A batch file and a ledger with one begun board; all other files are gone."""
    product = 'ca = ["ca.der"]'
    (workshop.folder / "ca.der").write_bytes(certificates.authority("Test Root").der)
    plan = workshop.plan(rows=ROWS, firmware=30_000, product=product)
    ledger = workshop.ledger()
    claim = ledger.claim("lamps", plan.rows, mac=MAC)
    assert claim
    ledger.advance(claim, "writing")
    ledger.close()
    for name in ("product.secret", "lamps.bin", "ca.der"):
        (workshop.folder / name).unlink()

    def no_program(*_: object, **__: object) -> int:
        raise AssertionError("a program was started")

    monkeypatch.setattr(program, "run", no_program)
    monkeypatch.setattr("subprocess.run", no_program)
    return workshop.folder / "lamps.toml"


def run(*arguments: object) -> str:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


def test_report_needs_the_ledger_alone(bare):
    rows = json.loads(run("report", bare, "--format", "json"))["rows"]
    assert [(row["device_name"], row["state"]) for row in rows] == [
        ("lamp-0001", "writing"),
        ("lamp-0002", "free"),
    ]


def test_report_without_csv_has_the_boards(bare):
    (bare.parent / "lamps.csv").unlink()
    (row,) = json.loads(run("report", bare, "--format", "json"))["rows"]
    assert (row["device_name"], row["state"], row["mac"]) == ("lamp-0001", "writing", MAC)


def test_resume_and_scrap_need_the_ledger_alone(bare):
    assert "lamp-0001 was begun on the board" in run("resume", bare)
    assert "lamp-0001 is free again" in run("scrap", bare, "--mac", MAC, "--reason", "x")


def test_report_does_not_write_the_ledger(bare):
    ledger = bare.parent / "ledger.db"
    before = ledger.read_bytes(), ledger.stat().st_mtime_ns
    run("report", bare)
    assert (ledger.read_bytes(), ledger.stat().st_mtime_ns) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_report_reads_a_write_protected_ledger(bare):
    (bare.parent / "ledger.db").chmod(stat.S_IRUSR)
    bare.parent.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        assert "lamp-0001" in run("report", bare)
    finally:
        bare.parent.chmod(stat.S_IRWXU)


def test_report_does_not_create_a_ledger(bare):
    missing = bare.parent / "other.db"
    with pytest.raises(LedgerError, match=r"other\.db does not exist: name the ledger"):
        run("report", bare, "--ledger", missing)
    assert not missing.exists()
