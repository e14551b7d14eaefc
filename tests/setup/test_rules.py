"""Check the rules of the source: imports of the device, forbidden words, length of files.

[tool.importlinter] in pyproject.toml has the import rules of the host packages.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# A module of the device whose docstring says "Pure" takes and returns bytes and values only.
PURE = re.compile(r"\bPure\b")
IMPURE = {"socket", "ssl", "tls", "network", "machine", "esp32", "esp", "asyncio", "time"}
# Arithmetic on ticks reads no clock.
PURE_NAMES = {"time.ticks_add", "time.ticks_diff", "alink.heap"}
# Which modules of the device, named from firmware/alink, import a hardware module.
ONLY_IN = {
    "esp32": {
        "boot.copies",
        "boot.efuse",
        "boot.scrub",
        "boot.scrub_stock",
        "chip",
        "growth",
        "ota.slot",
    },
    "esp": {"boot.stock_copies"},
    "socket": {"session.transport", "boot.clock"},
    "ssl": {"session.transport"},
    "network": {"boot.wifi"},
}
# MicroPython does not have this module, or it costs too much heap on an ESP32.
ABSENT = {"typing", "dataclasses", "enum", "functools", "logging", "hmac", "base64", "urllib"}

# Each of these words once named several things.
ONE_MEANING = ("Fault", "Firmware", "Line", "Record", "Stage", "Step", "Thing")

LONGEST = {"firmware": 250, "host_sim": 400, "tools": 400}


def tracked(*patterns: str) -> list[Path]:
    """Return the files that git tracks or would add."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for line in done.stdout.splitlines() if (path := ROOT / line).is_file()]


def device_files() -> list[Path]:
    return tracked("firmware/alink/*.py")


def device_name(path: Path) -> str:
    """Return the dotted name of a device file: `alink.errors`; `alink` for its __init__."""
    parts = path.relative_to(ROOT / "firmware").with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def device_imports(path: Path) -> Iterator[tuple[str, int]]:
    """Yield each name that a device file imports, relative ones resolved, and the line number."""
    package = path.relative_to(ROOT / "firmware").parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((name.name, node.lineno) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*base, *filter(None, [node.module])))
            yield from ((f"{module}.{name.name}", node.lineno) for name in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "heap.load":
            for name in ast.walk(node.args[0]):
                if isinstance(name, ast.Constant) and isinstance(name.value, str):
                    yield f"alink.{name.value}", node.lineno


def is_in(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def pure_modules() -> dict[str, Path]:
    """Return the device modules that say "Pure" in their docstring, by dotted name."""
    return {
        device_name(path): path
        for path in device_files()
        if PURE.search(ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "")
    }


def test_contracts_cover_every_host_package():
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    roots = (ROOT / "host_sim", ROOT / "tools")
    packages = {path.parent.name for root in roots for path in root.glob("*/__init__.py")}
    assert packages == set(config["tool"]["importlinter"]["root_packages"])


def test_pure_device_modules_import_only_pure_ones():
    pure = pure_modules()
    assert pure
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in pure.values()
        for name, line in device_imports(path)
        if name not in PURE_NAMES
        and (
            name.split(".")[0] in IMPURE
            or (is_in(name, "alink") and not any(is_in(name, module) for module in pure))
        )
    ]
    assert not wrong


def test_device_class_methods_do_not_call_super():
    # MicroPython 1.22 and 1.23 bind a class method that super() finds to the class it is in:
    # `Gateway.from_flash` was a TypeError there.
    methods = [
        (path, node)
        for path in device_files()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
        and any(ast.unparse(one) == "classmethod" for one in node.decorator_list)
    ]
    assert {node.name for _, node in methods} == {"from_flash"}
    assert not [
        f"{path.relative_to(ROOT)}: {node.name}"
        for path, node in methods
        if any(isinstance(one, ast.Name) and one.id == "super" for one in ast.walk(node))
    ]


def test_owners_of_hardware_modules_exist():
    names = {device_name(path) for path in device_files()}
    assert not {f"alink.{owner}" for owners in ONLY_IN.values() for owner in owners} - names


def test_hardware_modules_are_imported_only_by_owners():
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in device_files()
        for name, line in device_imports(path)
        if (root := name.split(".")[0]) in ONLY_IN
        and device_name(path).removeprefix("alink.") not in ONLY_IN[root]
    ]
    assert not wrong


def test_device_imports_no_module_a_board_lacks():
    wrong = [
        f"{path.name}:{line}: {name}"
        for path in device_files()
        for name, line in device_imports(path)
        if name.split(".")[0] in ABSENT
    ]
    assert not wrong


def test_device_imports_only_built_in_modules():
    stubs = ROOT / ".cache" / "typings"
    builtins = {path.stem for path in stubs.glob("*.pyi")} | {
        path.stem for path in (stubs / "stdlib").glob("*")
    }
    wrong = [
        f"{path.name}:{line}: {name}"
        for path in device_files()
        for name, line in device_imports(path)
        if not is_in(name, "alink") and name.split(".")[0] not in builtins
    ]
    assert not wrong


@pytest.mark.parametrize("word", ONE_MEANING)
def test_word_names_at_most_one_class(word):
    files = tracked("firmware/*.py", "host_sim/*.py", "tools/*.py")
    definition = re.compile(rf"^ *class {word}\b", re.MULTILINE)
    found = [path for path in files if definition.search(path.read_text(encoding="utf-8"))]
    assert len(found) <= 1


@pytest.mark.parametrize("folder", LONGEST)
def test_files_stay_within_length_limits(folder):
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in tracked(f"{folder}/*.py")
    }
    assert not {name: n for name, n in lengths.items() if n > LONGEST[folder]}


# Split strings: otherwise this file would break its own rule.
FORBIDDEN = {
    "a path of one machine": re.compile(r"(?<![\w.-])/(?:wo" r"rk|root|home/\w+)/"),
    "a package registry": re.compile(
        r"\b(?:pypi\.org|files\.python" r"hosted\.org|registry\.npm" r"js\.org)\b"
    ),
    "a Debian mirror": re.compile(r"\b[\w.]+\.debian" r"\.(?:org|net)\b"),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_contains_forbidden_text(what):
    wrong = []
    for path in tracked("*"):
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # keys, images
        for number, line in enumerate(text.splitlines(), start=1):
            if FORBIDDEN[what].search(line):
                wrong.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}")
    assert not wrong


def test_lock_files_have_hashes_without_index():
    for source in ROOT.glob("requirements*.in"):
        text = source.with_suffix(".lock").read_text(encoding="utf-8")
        entries = re.split(r"\n(?=\S)", text.strip())
        assert entries
        assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
        assert not re.search(r"https?:|--(?:extra-)?index-url|--find-links", text)


def test_every_required_package_is_locked():
    for source in ROOT.glob("requirements*.in"):
        asked, locked = (
            re.findall(r"^([\w-]+)", path.read_text(), flags=re.MULTILINE)
            for path in (source, source.with_suffix(".lock"))
        )
        assert set(asked) <= set(locked)


def test_make_help_lists_every_public_target():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", makefile, flags=re.MULTILINE)
    assert phony
    done = subprocess.run(
        ["make", "--no-print-directory", "help", f"PYTHON={sys.executable}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.findall(r"^  make ([\w-]+)", done.stdout, flags=re.MULTILINE) == phony[1].split()
