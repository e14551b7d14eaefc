"""Rules that the source keeps: who may import whom, what never appears, how long a file gets."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# What a package may import of ours, beside itself.
ARROWS = {
    "alink_formats": (),
    "alink_factory": ("alink_formats",),
    "alink_sim.toolchain": ("alink_formats",),
    "alink_sim.clock": (),
    "alink_sim.sntp": ("alink_sim.clock",),
    "alink_sim.thing_model": (),
    "alink_sim.cloud_client": ("alink_sim.platform",),
    "alink_sim.platform": ("alink_sim.clock", "alink_sim.sntp", "alink_sim.thing_model"),
    "alink_sim.board": ("alink_formats", "alink_sim.clock", "alink_sim.toolchain"),
}
# These join the parts and may import all of them.
JOINTS = (
    "alink_sim",
    "alink_sim.cli",
    "alink_sim.demo",
    "alink_sim.factory_flash",
    "alink_sim.fleet",
    "alink_sim.pytest_plugin",
)
OURS = ("alink", "alink_formats", "alink_factory", "alink_sim")

# The pure core of the device: bytes and values in, bytes and values out.
PURE = ("errors", "record", "certificate", "sign", "register", "topics", "envelope")
IMPURE_MODULES = {"socket", "ssl", "tls", "network", "machine", "esp32", "esp", "asyncio", "time"}
ONLY_IN = {
    "esp32": {"places", "slot"},
    "esp": {"stock"},
    "socket": {"transport", "plain"},
    "ssl": {"transport"},
    "network": {"wifi"},
}
# MicroPython has no such module, or an ESP32 pays for it what it does not have.
ABSENT = {"typing", "dataclasses", "enum", "functools", "logging", "hmac", "base64", "urllib"}

LONGEST = {"firmware": 250, "host_sim": 400, "tools": 400}


def tracked(*patterns: str) -> list[Path]:
    """Return files git knows, or would add: what a reviewer sees."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for line in done.stdout.splitlines() if (path := ROOT / line).is_file()]


def imports(path: Path, package: str = "") -> Iterator[tuple[str, int]]:
    """Yield every module a file imports, anywhere in it, with the line; relative ones resolved."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((name.name, node.lineno) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            base = ".".join(parts[: len(parts) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, (base, node.module)))
            for name in node.names:
                yield f"{module}.{name.name}", node.lineno


def module_name(path: Path) -> str:
    """Return the dotted name of a host file below host_sim/ or tools/."""
    parts = path.relative_to(ROOT).with_suffix("").parts[1:]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_in(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def host_files() -> list[Path]:
    return [path for path in tracked("host_sim/*.py", "tools/*.py") if path.parent.name != "tools"]


def device_files() -> list[Path]:
    return tracked("firmware/alink/*.py")


def test_rules_have_something_to_look_at():
    assert len(host_files()) > 5


def test_host_packages_never_import_the_device_package():
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in host_files()
        for name, line in imports(path, module_name(path))
        if is_in(name, "alink")
    ]
    assert not wrong


def test_host_packages_follow_the_arrows():
    wrong = []
    for path in host_files():
        me = module_name(path)
        if me in JOINTS or is_in(me, "alink_sim.demo"):
            continue
        homes = [package for package in ARROWS if is_in(me, package)]
        assert homes, f"{me} is new: say in ARROWS what it may import, or in JOINTS that it joins"
        allowed = (*homes, *ARROWS[homes[0]])
        wrong += [
            f"{path.relative_to(ROOT)}:{line}: {homes[0]} must not import {name}"
            for name, line in imports(path, me)
            if any(is_in(name, root) for root in OURS)
            and not any(is_in(name, package) for package in allowed)
        ]
    assert not wrong


def test_pure_core_of_the_device_imports_nothing_that_touches_the_world():
    wrong = [
        f"{path.name}:{line}: {name}"
        for path in device_files()
        if path.stem in PURE
        for name, line in imports(path, "alink")
        if name.split(".")[0] in IMPURE_MODULES
    ]
    assert not wrong


def test_each_hardware_module_is_imported_by_its_owner_only():
    wrong = [
        f"{path.name}:{line}: {name}"
        for path in device_files()
        for name, line in imports(path, "alink")
        if (root := name.split(".")[0]) in ONLY_IN and path.stem not in ONLY_IN[root]
    ]
    assert not wrong


def test_device_package_imports_no_module_that_a_board_lacks():
    wrong = [
        f"{path.name}:{line}: {name}"
        for path in device_files()
        for name, line in imports(path, "alink")
        if name.split(".")[0] in ABSENT
    ]
    assert not wrong


def test_device_package_imports_only_umqtt_itself_and_built_in_modules():
    stubs = ROOT / ".cache" / "typings"
    builtins = {path.stem for path in stubs.glob("*.pyi")} | {
        path.stem for path in (stubs / "stdlib").glob("*")
    }
    wrong = [
        f"{path.name}:{line}: {name}"
        for path in device_files()
        for name, line in imports(path, "alink")
        if not is_in(name, "alink")
        and not is_in(name, "umqtt.simple")
        and name.split(".")[0] not in builtins
    ]
    assert not wrong


@pytest.mark.parametrize("folder", LONGEST)
def test_no_file_is_longer_than_its_folder_allows(folder):
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in tracked(f"{folder}/*.py")
    }
    assert not {name: n for name, n in lengths.items() if n > LONGEST[folder]}


# Spelled in pieces, or this file would break its own rule.
FORBIDDEN = {
    "a path of one machine": re.compile(r"(?<![\w.-])/(?:wo" r"rk|root|home/\w+)/"),
    "a package registry": re.compile(
        r"\b(?:pypi\.org|files\.python" r"hosted\.org|registry\.npm" r"js\.org)\b"
    ),
    "a Debian mirror": re.compile(r"\b[\w.]+\.debian" r"\.(?:org|net)\b"),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_names(what):
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


def test_every_locked_package_is_hashed_and_no_index_is_named():
    for source in ROOT.glob("requirements*.in"):
        text = source.with_suffix(".lock").read_text(encoding="utf-8")
        entries = re.split(r"\n(?=\S)", text.strip())
        assert entries
        assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
        assert not re.search(r"https?:|--(?:extra-)?index-url|--find-links", text)


def test_every_package_asked_for_is_locked():
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
