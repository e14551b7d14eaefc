"""A measured value in the ledger: the text of an entry whose `what` is "measured"."""

from __future__ import annotations

import json

WHAT = "measured"


def encode(test: str, value: str, **facts: object) -> str:
    """Return the text for an attempt of a test; facts that are None or "" are left out."""
    known = {"test": test, "value": value} | facts
    return json.dumps({name: fact for name, fact in known.items() if fact not in (None, "")})


def facts_of(detail: str) -> tuple[str, str, bool]:
    """Return the name of the test, its value, and whether the value is good."""
    facts = json.loads(detail)
    return facts["test"], facts.get("value", ""), facts.get("is_good", False)


def value_of(detail: str) -> tuple[str, str]:
    """Return the name of the test and its value, "" if it has none."""
    facts = json.loads(detail)
    return facts["test"], facts.get("value", "")
