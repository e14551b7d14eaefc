"""The log and its file, the mask, the rates and the state folder have bounds, and say so."""

from __future__ import annotations

import json
import logging
import os
import random
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from alink_sim import cli
from alink_sim.platform import Platform
from alink_sim.platform.control.state_directory import StateDir, StateError
from alink_sim.platform.state.event_log import Event, EventLog
from alink_sim.platform.state.masking import Mask
from alink_sim.platform.state.rates import Rates
from alink_sim.platform.verbs.output import show, show_events
from tests.platform.wire import ACCEPTED, Party, Wire


class Disk:
    """Stand-in for os.write: it takes `room` bytes, then the disk is full; it counts the calls."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
        self.room = room
        self.calls = 0
        self._write = os.write
        monkeypatch.setattr("alink_sim.platform.state.event_file.os.write", self.write)

    def write(self, file: int, data: bytes) -> int:
        self.calls += 1
        if not self.room:
            raise OSError(28, "No space left on device")
        self.room -= (written := self._write(file, data[: self.room]))
        return written


def a_minute_later(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.monotonic() + 60
    monkeypatch.setattr(time, "monotonic", lambda: now)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines() if line]


# The file of events


def test_full_disk_logs_one_warning_and_counts_events(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    disk = Disk(monkeypatch, 10_000)
    log = EventLog(file=tmp_path / "events")
    log.add(Event(time=1.0, kind="before"))
    disk.room = 0
    with caplog.at_level(logging.WARNING):
        for number in range(1000):
            log.add(Event(time=2.0, kind="lost", detail={"number": number}))
    (warning,) = caplog.messages
    assert "No space left on device" in warning
    assert "how many events are missing" in warning
    assert disk.calls < 20  # It is not asked for each event.
    assert len(log.select(kind="lost")) == 1000
    disk.room = 10_000
    a_minute_later(monkeypatch)
    log.add(Event(time=3.0, kind="after"))
    log.close()
    kinds = [(one["kind"], one.get("count")) for one in lines(tmp_path / "events")]
    assert kinds == [("before", None), ("events_missing", 1000), ("after", None)]


def test_partly_written_event_does_not_damage_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    disk = Disk(monkeypatch, 30)
    log = EventLog(file=tmp_path / "events")
    log.add(Event(time=1.0, kind="torn"))
    disk.room = 10_000
    a_minute_later(monkeypatch)
    log.add(Event(time=2.0, kind="whole"))
    log.close()
    first, *rest = (tmp_path / "events").read_text().splitlines()
    assert len(first) == 30
    assert [json.loads(one)["kind"] for one in rest] == ["events_missing", "whole"]


def test_lone_surrogate_is_written_as_its_escape(tmp_path: Path):
    log = EventLog(file=tmp_path / "events")
    log.add(Event(time=1.0, kind="k", detail={"text": "a\ud800b"}))
    log.close()
    assert lines(tmp_path / "events")[0]["detail"] == {"text": "a\ud800b"}


def test_device_logs_in_while_event_file_is_full(
    make_platform: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    Disk(monkeypatch, 0)
    platform = make_platform(events=tmp_path / "events")
    product = platform.console.create_product()
    party = Party.of(product, platform.console.add_device(product.key, "dev-1"))
    with Wire.tls(platform) as wire:
        assert wire.ask(party.log_in()) == ACCEPTED
        assert wire.ask(b"\xc0\x00") == b"\xd0\x00"


# The log


def test_full_event_log_drops_old_events_and_reports():
    log = EventLog()
    for number in range(600):
        log.add(Event(time=float(number), kind="big", detail={"text": f"{number:09}" * 28_000}))
    kept = log.select()
    assert sum(len(one.detail.get("text", "")) for one in kept) < 64 << 20
    assert kept[-1].time == 599.0
    told = [one for one in kept if one.kind == "events_forgotten"]
    assert told
    assert "64 MB" in told[0].reason
    number, fresh = log.after(590)
    assert number > 600
    assert fresh[-1].time == 599.0


HOSTILE = "\x1b[2J\x07\r\n\x9b31m\u202eab\x00"


@pytest.mark.parametrize(
    "field", ["kind", "product_key", "device_name", "reason", "detail", "client_id"]
)
def test_no_column_of_an_event_moves_the_cursor(field: str, capsys: pytest.CaptureFixture[str]):
    value: Any = {HOSTILE: HOSTILE} if field == "detail" else HOSTILE
    event = Event(**{"time": 1.0, "kind": "k", field: value})
    for as_json in (False, True):
        show_events([event.as_json()], as_json=as_json)
    show({"a": HOSTILE}, as_json=True)
    log = EventLog()
    log.add(event)
    out = capsys.readouterr().out + log.tail().replace("\n", "")
    assert all(one.isprintable() or one == "\n" for one in out)
    assert out.count("\n") == 3


def test_json_of_events_stays_json(capsys: pytest.CaptureFixture[str]):
    show_events([Event(time=1.0, kind=HOSTILE + "\U000e0001").as_json()], as_json=True)
    assert json.loads(capsys.readouterr().out)["kind"] == HOSTILE + "\U000e0001"


# The mask

SECRETS = st.lists(st.text("ab0", min_size=8, max_size=12), min_size=1, max_size=4)


@given(SECRETS, st.text("ab0", max_size=60))
def test_overlapping_secrets_are_all_masked(secrets: list[str], text: str):
    mask = Mask()
    for secret in secrets:
        mask.learn(secret)
    hidden = mask.hide(text)
    assert not [one for one in secrets if one in hidden]
    # The mask leaves the rest of the text in order.
    covered = [False] * len(text)
    for secret in secrets:
        for at in range(len(text)):
            if text.startswith(secret, at):
                covered[at : at + len(secret)] = [True] * len(secret)
    expected, was = "", False
    for one, is_covered in zip(text, covered, strict=True):
        expected += "" if is_covered and was else "***" if is_covered else one
        was = is_covered
    assert hidden == expected or "***" in hidden


def mask_of(count: int) -> tuple[Mask, list[str]]:
    chance = random.Random(1)
    secrets = [f"{chance.getrandbits(128):032x}" for _ in range(count)]
    mask = Mask()
    for secret in secrets:
        mask.learn(secret)
    return mask, secrets


def lookups(mask: Mask, text: str) -> int:
    """Return how many times a mask looks at a text, counted where it looks."""

    class Counted(dict[str, Any]):
        count = 0

        def get(self, key: str, default: Any = None) -> Any:
            self.count += 1
            return super().get(key, default)

    mask._by_start = counted = Counted(mask._by_start)
    mask.hide(text)
    return counted.count


def test_masking_looks_at_each_character_once():
    mask, secrets = mask_of(5000)
    made_of_secrets = "".join(secrets)
    assert mask.hide(made_of_secrets) == "***"
    assert lookups(mask, made_of_secrets) <= len(made_of_secrets)
    assert lookups(mask, "x" * 250_000) <= 250_000


def test_oldest_passing_secrets_are_forgotten(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("alink_sim.platform.state.masking._MAX_PASSING", 10)
    mask = Mask()
    mask.learn("lasting-secret")
    for number in range(100):
        mask.learn_for_now(f"signature-{number:03}")
    assert mask.hide("lasting-secret signature-000 signature-099") == "*** signature-000 ***"
    assert sum(map(len, mask._by_start["signature"[:8]].values())) == 10


# Rates


def test_rates_forget_names_after_their_window():
    rates = Rates()
    for number in range(20_000):
        assert rates.allow(("x" * 1000, number), limit=5, seconds=60, now=number * 0.1)
    assert len(rates) < 3000


def test_rate_of_a_name_is_independent_of_others():
    rates = Rates()
    for number in range(5000):
        rates.allow(number, limit=5, seconds=60, now=0.0)
        rates.allow("mine", limit=5, seconds=60, now=0.0)
    assert not rates.allow("mine", limit=5, seconds=60, now=59.0)
    assert rates.allow("mine", limit=5, seconds=60, now=60.0)


# The state folder


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o722, 0o770])
def test_error_for_writable_folder_suggests_chmod(tmp_path: Path, mode: int):
    folder = tmp_path / "state"
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(StateError) as caught, StateDir(folder):
        pass
    assert f"run `chmod 700 {folder}`" in str(caught.value)
    with pytest.raises(RuntimeError, match="chmod 700"):
        Platform(state=folder)
    assert not list(folder.iterdir())
    done = CliRunner().invoke(cli.app, ["platform", "--state", str(folder)])
    assert done.exit_code == 2
    folder.chmod(0o755)
    with StateDir(folder):
        pass
