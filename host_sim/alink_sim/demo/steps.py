"""The steps of a board in the demo, with the output that marks each one."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

BURNED = "burned"
BOOTED = "booted"
CLOCK = "clock"
REGISTERED = "registered"
STORED = "stored"
LOGGED_IN = "logged in"
POSTED = "posted"
REBOOTED = "rebooted"
AGAIN = "again"

STEPS = (BURNED, BOOTED, CLOCK, REGISTERED, STORED, LOGGED_IN, POSTED, REBOOTED, AGAIN)

# The SDK prints a matching text line at the end of each step.
OUTPUT = {
    CLOCK: re.compile(r"^alink: clock set to "),
    REGISTERED: re.compile(r"^alink: registered by "),
    STORED: re.compile(r"^alink: credential stored in "),
    LOGGED_IN: re.compile(r"^alink: online at "),
    POSTED: re.compile(r"^alink: property post \d+ answered: 200"),
}


@dataclass
class Progress:
    """The steps of one board, in seconds since its burning began, and how it ended.

    `reason` is the reason for a refusal in the platform's event log.
    """

    number: str
    title: str
    layout: str
    steps: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    began: bool = False
    ended: str = ""
    reason: str = ""
    as_expected: bool | None = None

    def as_json(self) -> dict[str, Any]:
        """Return this row of the table for `--json`."""
        return {
            "scenario": self.number,
            "title": self.title,
            "layout": self.layout,
            "steps": {name: round(at, 3) for name, at in self.steps.items()},
            "notes": self.notes,
            "ended": self.ended,
            "reason": self.reason,
            "as_expected": bool(self.as_expected),
        }
