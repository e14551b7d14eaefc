"""The generated reference is complete: every public name has an entry and a docstring."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs._ext import api, entries, settings

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"


def described_modules() -> list[str]:
    """Return the modules that a page of the reference describes."""
    pages = "\n".join(page.read_text("utf-8") for page in REFERENCE.glob("*.md"))
    return re.findall(r"^```\{api\} (\S+)", pages, flags=re.MULTILINE)


@pytest.mark.parametrize("module", described_modules())
def test_every_public_name_has_a_docstring(module):
    assert api.public_members(api.module(module))
    assert api.undocumented(module) == []


@pytest.mark.parametrize("module", described_modules())
def test_every_public_name_has_an_entry(module):
    text = entries.describe(module)
    names = [
        name
        for name in api.public_members(api.module(module))
        if not re.search(rf"\{{py:\w+\}} {name}\b", text)
    ]
    assert names == []


def test_every_setting_has_a_meaning():
    rows = settings.table().splitlines()
    assert len(rows) > 40
    assert [row for row in rows if row.endswith("|  |")] == []
