"""Moments as people write them."""

from __future__ import annotations

import time

import pytest
import typer

from alink_sim.platform.verbs.moment import moment


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1795456800.5", 1795456800.5),
        ("2026-11-23T18:00", 1795456800),
        ("2026-11-23T19:00+01:00", 1795456800),
        ("90s", 1_000_000 - 90),
        ("15m", 1_000_000 - 900),
        ("2h", 1_000_000 - 7200),
        ("1d", 1_000_000 - 86400),
    ],
)
def test_time_is_parsed(monkeypatch, text, seconds):
    monkeypatch.setattr(time, "time", lambda: 1_000_000.0)
    assert moment(text) == seconds


@pytest.mark.parametrize("text", ["yesterday", "15 m", "2026-13-01"])
def test_invalid_time_error_shows_the_format(text):
    with pytest.raises(typer.BadParameter, match=f"'{text}' is not a time: write 15m"):
        moment(text)
