"""Check that a folder of the device is a lifetime: see firmware/alink/heap.py."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.setup.test_rules import device_files, device_name

# Modules beside the folders that are dropped by name. `topics` goes only before a reset.
LOOSE = {
    "alink.chip",
    "alink.crc16",
    "alink.growth",
    "alink.lost_replies",
    "alink.memory",
    "alink.sign",
    "alink.tsl_reader",
    "alink.utc",
    "alink.values",
    "alink.wrong_arguments",
    "alink.wrong_names",
}
DROPPED_BEFORE_RESET = {"alink.topics"}


def trees() -> dict[str, ast.Module]:
    """Return the syntax tree of each device module, by dotted name."""
    return {device_name(path): ast.parse(path.read_text("utf-8")) for path in device_files()}


TREES = trees()
PACKAGES = {device_name(path) for path in device_files() if path.name == "__init__.py"}


def resident_in(package: str) -> set[str]:
    """Return the modules of a package that its RESIDENT names."""
    for node in getattr(TREES.get(package), "body", []):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "RESIDENT":
            return {f"{package}.{name}" for name in ast.literal_eval(node.value)}
    return set()


def is_step(name: str) -> bool:
    """Tell whether a module is dropped after a step, or with its folder."""
    package = name.rpartition(".")[0]
    if name in LOOSE | {"alink.boot", "alink.https"}:
        return True
    return package not in ("", "alink") and name not in resident_in(package)


def imported(name: str, nodes: Iterator[ast.AST]) -> set[str]:
    """Return the device modules that these nodes of a module import."""
    base = name.split(".") if name in PACKAGES else name.split(".")[:-1]
    found = set()
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.level:
            start = ".".join([*base[: len(base) - node.level + 1], *filter(None, [node.module])])
            names = {f"{start}.{alias.name}" for alias in node.names} & TREES.keys()
            found |= names or {start}
    return found & TREES.keys()


def calls(function: str) -> Iterator[tuple[str, ast.Call]]:
    """Yield where `heap.<function>` is called, with the call."""
    for name, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == f"heap.{function}":
                yield f"{name}:{node.lineno}", node


RESIDENTS = sorted(name for name in TREES if not is_step(name))


def test_resident_modules_exist():
    assert {name for package in PACKAGES for name in resident_in(package)} <= TREES.keys()
    assert {"alink.device", "alink.session.session", "alink.gateway.roster"} <= set(RESIDENTS)


@pytest.mark.parametrize("name", RESIDENTS)
def test_resident_module_imports_no_step(name):
    # Not inside a function either: the name would hold the step until the function ends.
    assert {other for other in imported(name, ast.walk(TREES[name])) if is_step(other)} == set()


def test_every_call_names_step_and_function():
    wrong = []
    for place, node in calls("call"):
        step, function = node.args[:2]
        if not isinstance(step, ast.Constant) or not isinstance(function, ast.Constant):
            continue  # ota.update chooses between two steps.
        module = f"alink.{step.value!s}"
        defined = {
            one.name: one
            for one in getattr(TREES.get(module), "body", [])
            if isinstance(one, (ast.FunctionDef, ast.ClassDef))
        }
        if not is_step(module) or function.value not in defined:
            wrong.append(f"{place}: {ast.unparse(node)}")
            continue
        if not _takes(defined[function.value], len(node.args) - 2):
            wrong.append(f"{place}: {ast.unparse(node)} has the wrong number of arguments")
    assert wrong == []


def _takes(one: ast.FunctionDef | ast.ClassDef, count: int) -> bool:
    if isinstance(one, ast.ClassDef):
        made = [each for each in one.body if getattr(each, "name", "") == "__init__"]
        return not made or _takes(made[0], count + 1)  # type: ignore[arg-type]
    most = len(one.args.args)
    return most - len(one.args.defaults) <= count <= most


def dropped_by(function: str) -> set[str]:
    """Return what the calls of a function of `heap` drop; names that are computed are left out."""
    arguments = [arg for _, node in calls(function) for arg in node.args]
    return {f"alink.{arg.value!s}" for arg in arguments if isinstance(arg, ast.Constant)}


def test_dropped_packages_and_modules_exist():
    dropped = dropped_by("unload")
    stepped = dropped_by("unload_steps")
    folders = {name.rpartition(".")[0] for name in TREES} - {"", "alink"}
    assert dropped <= folders | LOOSE | DROPPED_BEFORE_RESET
    assert stepped <= PACKAGES
    # `unload` compares the beginning of names.
    assert not [
        (name, other)
        for name in dropped
        for other in TREES
        if other.startswith(name) and other != name and other[len(name)] != "."
    ]
