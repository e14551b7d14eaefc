"""The generated reference is complete: every public name has an entry and a docstring."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs._ext import api, commands, entries, settings

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"

# Modules that no user imports.
INTERNAL = {
    "alink": {
        "blocking", "boot", "calls", "chip", "crc16", "device", "envelope", "errors", "growth",
        "heap", "https", "lost_replies", "messages", "session", "sign", "sleep", "tasks", "topics",
        "tsl", "tsl_reader", "values", "wrong_arguments", "wrong_names",
    },
    "alink_formats": {
        "board_file", "bytecode", "bytecode_cache", "cache_dir", "errors", "extras", "flash",
        "nvs", "nvs_entry", "nvs_generator", "nvs_pages", "parameter_names", "sources", "tables",
        "terminal", "whole_file",
    },
}  # fmt: skip
MEMBERS = ("_console.Console", "_cloud.Cloud", "_ota.Ota")


def described_modules() -> list[str]:
    """Return the modules that a page of the reference describes."""
    pages = "\n".join(page.read_text("utf-8") for page in REFERENCE.glob("*.md"))
    return sorted(set(re.findall(r"^```\{api\} (\S+)", pages, flags=re.MULTILINE)))


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


def test_reference_of_board_has_only_names_of_stubs():
    for module, public, internal in (
        ("alink.gateway", "add", "hold"),
        ("alink.gateway.sub_device", "connect", "came"),
        ("alink.http_channel", "publishing", "auth_body"),
        ("alink.ota", "ask", "judge_soon"),
    ):
        found = re.findall(r"\{py:\w+\} (\w+)\(", entries.describe(module))
        assert public in found, module
        assert internal not in found, module


@pytest.mark.parametrize("package", INTERNAL)
def test_every_module_is_described_or_internal(package):
    described = {
        name.split(".")[1] for name in described_modules() if name.startswith(f"{package}.")
    }
    modules = {name for name, one in api.module(package).members.items() if one.is_module}
    assert modules - described - INTERNAL[package] == set()
    assert INTERNAL[package] - modules == set()


@pytest.mark.parametrize("path", MEMBERS)
def test_every_action_of_platform_is_described(path):
    text = entries.describe_members(f"alink_sim.platform.{path}", "Platform.x")
    assert len(re.findall(r"\{py:method\}", text)) > 5
    assert re.findall(r"\{py:method\} \S+.*\n\n```", text) == []


def test_every_setting_has_a_meaning():
    rows = settings.table().splitlines()
    assert len(rows) > 40
    assert [row for row in rows if row.endswith("|  |")] == []


@pytest.mark.parametrize(
    ("module", "program"), [("alink_sim.cli", "alink-sim"), ("alink_factory.cli", "alink-burn")]
)
def test_every_command_has_help(module, program):
    text = commands.describe(module, program)
    for name in commands.names(module, program):
        assert re.search(rf"^#+ `{name}`\n\n\w", text, flags=re.MULTILINE), name


def references() -> list[tuple[str, str, str]]:
    """Return (source file, page, section) of every page of docs/ that source or tests name."""
    found = []
    for folder in ("firmware", "host_sim", "tools", "tests", "examples", "boards", "benchmarks"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            pages = re.findall(r'docs/([\w/-]+\.md)(?:,\s+"([^"]+)")?', path.read_text("utf-8"))
            found += [(str(path), page, " ".join(section.split())) for page, section in pages]
    return found


def test_pages_that_source_names_exist():
    missing = []
    for path, page, section in references():
        file = ROOT / "docs" / page
        if not file.is_file() or (
            section
            and not re.search(rf"^#+ {re.escape(section)}$", file.read_text("utf-8"), re.MULTILINE)
        ):
            missing.append(f"{path}: docs/{page}, {section!r}")
    assert missing == []
