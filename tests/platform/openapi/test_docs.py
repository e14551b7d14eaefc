"""The table of docs/reference/cloud-api.md agrees with the actions of the cloud API."""

from __future__ import annotations

import re
from pathlib import Path

from alink_sim.platform.openapi.actions import ACTIONS

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "cloud-api.md"


def test_every_action_is_listed_with_its_rate() -> None:
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    listed = re.findall(r"\b([A-Z]\w+) (\d+)\b", "\n".join(rows))
    assert {name: int(rate) for name, rate in listed} == {
        name: action.per_second for name, action in ACTIONS.items()
    }
