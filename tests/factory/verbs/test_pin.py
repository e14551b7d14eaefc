"""The supervisor's PIN: what it locks, and that only its hash is kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from alink_factory.batch import batch_file, pin
from alink_factory.cli import app
from alink_factory.errors import BatchError
from alink_factory.verbs import options
from tests.factory.workshop import Workshop

ROWS = "DeviceName\nlamp-0001\n"
PIN = "2468"


@pytest.fixture
def locked(workshop: Workshop) -> str:
    """A batch file with a PIN."""
    more = f'[supervisor]\npin = "{pin.hashed(PIN)}"'
    return str(workshop.batch(rows=ROWS, more=more))


def invoke(*arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments))
    return str(done.exception or "")


@pytest.mark.parametrize(
    ("what", "arguments"),
    [
        ("scrap", ["scrap", "BATCH", "--mac", "a0b765000001", "--reason", "x"]),
        ("wipe", ["wipe", "BATCH", "--port", "tty", "--name", "lamp-0001"]),
        ("--fresh", ["flash", "BATCH", "--port", "tty", "--fresh"]),
        ("--new-ledger", ["run", "BATCH", "--port", "tty", "--new-ledger", "--json"]),
    ],
)
def test_locked_verb_needs_the_pin(locked, monkeypatch, what, arguments):
    command = [locked if one == "BATCH" else one for one in arguments]
    assert invoke(*command) == f"{what} is locked by the supervisor's PIN: set ALINK_PIN"
    monkeypatch.setenv("ALINK_PIN", "0000")
    assert invoke(*command) == f"{what} is locked, and ALINK_PIN is not the supervisor's PIN"


def test_right_pin_unlocks(locked, monkeypatch):
    monkeypatch.setenv("ALINK_PIN", PIN)
    said = invoke("scrap", locked, "--mac", "a0b765000001", "--reason", "x")
    assert "locked" not in said
    assert "a0b765000001" in said  # The ledger has no such board.


def test_pin_is_asked_at_a_terminal(locked, monkeypatch):
    batch = batch_file.load(Path(locked))
    typed = iter(["1", "2", PIN, "1", "2", "3"])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("typer.prompt", lambda *_, **__: next(typed))
    options.unlock(batch, "scrap")
    with pytest.raises(BatchError, match="scrap stays locked: 3 wrong PINs"):
        options.unlock(batch, "scrap")


def test_pin_verb_prints_a_hash_that_batch_takes(workshop):
    done = CliRunner().invoke(app, ["pin"], input=f"{PIN}\n{PIN}\n")
    assert done.exit_code == 0
    batch = batch_file.load(workshop.batch(rows=ROWS, more=done.stdout))
    assert pin.is_right(PIN, batch.pin)
    assert not pin.is_right("2469", batch.pin)


def test_plain_pin_in_batch_is_refused(workshop):
    with pytest.raises(BatchError, match="pin is not a hash: `alink-burn pin` prints it"):
        batch_file.load(workshop.batch(rows=ROWS, more='[supervisor]\npin = "2468"'))
    with pytest.raises(BatchError, match="has 3 characters; the minimum is 4"):
        pin.hashed("123")


def test_operator_is_asked_once_at_a_terminal(monkeypatch):
    monkeypatch.setattr("typer.prompt", lambda *_, **__: " mei ")
    assert options.asked_operator("", as_json=False) == ""
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert options.asked_operator("", as_json=False) == "mei"
    assert options.asked_operator("li", as_json=False) == "li"
    assert options.asked_operator("", as_json=True) == ""
