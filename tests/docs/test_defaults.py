"""The defaults that tables of the documentation state are those of the code.

Defaults of commands, of the platform and of the API need no test: the site reads them there.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

from alink_sim import pytest_plugin

ROOT = Path(__file__).resolve().parents[2]
FIRMWARE = ROOT / "firmware" / "alink"


def column(page: str, number: int) -> dict[str, str]:
    """Return a column of the tables of settings of a page, by the name in the first column."""
    rows: dict[str, str] = {}
    for line in (ROOT / "docs" / page).read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        name = re.fullmatch(r"`(\w+)`", cells[1]) if len(cells) > number else None
        if name:
            rows.setdefault(name[1], cells[number])
    return rows


def arguments(file: str, function: str = "__init__") -> dict[str, object]:
    """Return the arguments of a function that have a literal default."""
    found: dict[str, object] = {}
    for node in ast.walk(ast.parse((FIRMWARE / file).read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.name == function:
            named = node.args.args[len(node.args.args) - len(node.args.defaults) :]
            pairs = zip(named, node.args.defaults, strict=True)
            found |= {
                one.arg: default.value
                for one, default in pairs
                if isinstance(default, ast.Constant)
            }
    return found


def test_pytest_settings_have_documented_defaults():
    stated = column("reference/pytest-fixtures.md", 2)
    for name, (_, default) in pytest_plugin._OPTIONS.items():
        assert stated[name].strip("`") == default, name


def test_device_settings_have_documented_defaults():
    stated = column("reference/device-settings.md", 3)
    made = arguments("device.py")
    calls = re.search(r"    max = (\d+)", (FIRMWARE / "calls.py").read_text("utf-8"))
    assert calls
    for name, value in {**made, "max_requests": int(calls[1])}.items():
        if isinstance(value, int | str) and name in stated:
            assert re.match(rf"`?{value}`?\b", stated[name]), (name, value, stated[name])
    assert made["keepalive"] == 300


def test_number_settings_have_documented_ranges():
    text = (FIRMWARE / "boot" / "settings.py").read_text("utf-8")
    numbers = re.search(r'_NUMBERS = const\(\s*"([^"]+)"', text)
    assert numbers
    names = numbers[1].split()
    ranges = dict(zip(names[::3], zip(names[1::3], names[2::3], strict=True), strict=True))
    device = column("reference/device-settings.md", 3)
    assert "allowed range is {} to {}".format(*ranges["keepalive"]) in device["keepalive"]
    batch = column("how-to/gateway.md", 3)["batch"]
    assert "{} to {}".format(*ranges["batch"]) in batch


def test_gateway_settings_have_documented_defaults():
    stated = column("how-to/gateway.md", 2)
    made = {**arguments("gateway/__init__.py"), **arguments("device.py")}
    assert {"batch", "max_packet", "path"} <= set(stated)
    for name in ("batch", "max_packet", "path"):
        assert stated[name].strip("`").split()[0] == str(made[name]), name
