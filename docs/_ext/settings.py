"""Write the settings of the simulated platform as a MyST Markdown table, from their docstring."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import griffe

from alink_sim.platform import Settings
from docs._ext import api


def table() -> str:
    """Return one row for each setting: its name, default, other values and meaning."""
    meanings = described()
    rows = ["| setting | default | other values | meaning |", "|---|---|---|---|"]
    for one in fields(Settings):
        choices = one.metadata.get("choices", ())
        others = ", ".join(f"`{_spelled(value)}`" for value in choices if value != one.default)
        default = f"`{_spelled(one.default)}`"
        rows.append(f"| `{one.name}` | {default} | {others} | {meanings.get(one.name, '')} |")
    return "\n".join(rows) + "\n"


def described() -> dict[str, str]:
    """Return the meaning of each setting, as the docstring of `Settings` gives it."""
    settings = api.public_members(api.module("alink_sim.platform"))["Settings"]
    sections = settings.docstring.parsed if settings.docstring else []
    return {
        one.name: " ".join(one.description.split())
        for section in sections
        if isinstance(section, griffe.DocstringSectionAttributes)
        for one in section.value
    }


def _spelled(value: Any) -> str:
    return value if isinstance(value, str) and value else repr(value).lower()
