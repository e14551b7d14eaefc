"""Check that a step of the device is loaded, not imported: see firmware/alink/heap.py."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from alink_formats.bytecode import INTERNAL
from tests.setup.test_rules import device_files, device_imports, device_name

# Steps beside the rooms. Programs import `alink.utc` too.
LOOSE = {*INTERNAL, "alink.utc"}
# The modules of each room that are imported by name; the others are steps.
IMPORTED = {
    "alink.boot": set[str](),
    "alink.gateway": {"engine", "roster", "sub_device"},
    "alink.https": set[str](),
    "alink.ota": {"file_target"},
    "alink.roots": set[str](),
    "alink.session": set[str](),
}
# Steps that are loaded once, to stay.
RESIDENT = {
    "alink.calls",
    "alink.envelope",
    "alink.session.connection",
    "alink.session.mqtt",
    "alink.session.session",
}

FILES = {device_name(path): path for path in device_files()}
TREES = {name: ast.parse(path.read_text("utf-8")) for name, path in FILES.items()}


def is_step(name: str) -> bool:
    """Tell whether a module is a step."""
    room, _, leaf = name.rpartition(".")
    return name in LOOSE or (room in IMPORTED and leaf not in IMPORTED[room])


STEPS = sorted(name for name in TREES if is_step(name))


def calls(function: str) -> Iterator[tuple[str, ast.Call]]:
    """Yield each call of `heap.<function>` whose step is named there, with its module."""
    for name, tree in TREES.items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or ast.unparse(node.func) != f"heap.{function}":
                continue
            if isinstance(node.args[0], ast.Constant):  # Else it chooses between two steps.
                yield name, node


def step_of(node: ast.Call) -> str:
    """Return the module that a call of `heap` names."""
    return f"alink.{ast.literal_eval(node.args[0])}"


def defined_in(module: str) -> dict[str, ast.AST]:
    """Return what a module defines at its top, by name."""
    found: dict[str, ast.AST] = {}
    for one in getattr(TREES.get(module), "body", []):
        if isinstance(one, (ast.FunctionDef, ast.ClassDef)):
            found[one.name] = one
        elif isinstance(one, ast.Assign):
            found.update({ast.unparse(target): one for target in one.targets})
        elif isinstance(one, ast.ImportFrom):
            found.update({name.asname or name.name: one for name in one.names})
    return found


def test_rooms_and_steps_exist():
    assert {name.rpartition(".")[0] for name in TREES} >= IMPORTED.keys()
    assert TREES.keys() >= LOOSE | RESIDENT
    assert TREES.keys() >= {f"{room}.{name}" for room in IMPORTED for name in IMPORTED[room]}


@pytest.mark.parametrize("name", sorted(TREES))
def test_module_imports_no_step(name):
    loaded = {step_of(node) for module, node in calls("load") if module == name}
    imported = {
        step
        for other, _ in device_imports(FILES[name])
        for step in (other, other.rpartition(".")[0])
        if is_step(step)
    }
    assert imported - loaded == set()


@pytest.mark.parametrize("name", STEPS)
def test_step_resolves_its_relative_imports(name):
    # Its name is "alink.heap.step" wherever it lies, so one dot would mean `alink.heap`.
    levels = {node.level for node in ast.walk(TREES[name]) if isinstance(node, ast.ImportFrom)}
    assert levels <= {0, 2}
    assert name.count(".") == 2 or levels <= {0}


def test_every_call_names_step_and_function():
    wrong = []
    for name, node in calls("call"):
        step, function = step_of(node), ast.literal_eval(node.args[1])
        one = defined_in(step).get(function)
        if not is_step(step) or not _takes(one, len(node.args) - 2):
            wrong.append(f"{name}:{node.lineno}: {ast.unparse(node)}")
    assert wrong == []


def _takes(one: ast.AST | None, count: int) -> bool:
    if isinstance(one, ast.ClassDef):
        made = [each for each in one.body if getattr(each, "name", "") == "__init__"]
        return not made or _takes(made[0], count + 1)
    if not isinstance(one, ast.FunctionDef):
        return False
    most = len(one.args.args)
    return most - len(one.args.defaults) <= count <= most


def test_every_load_names_step_and_its_functions():
    wrong = []
    for name, node in calls("load"):
        step = step_of(node)
        stays = len(node.args) == 2 and bool(ast.literal_eval(node.args[1]))
        if not is_step(step) or stays != (step in RESIDENT):
            wrong.append(f"{name}:{node.lineno}: {ast.unparse(node)}")
        missing = set(_used(name, node)) - defined_in(step).keys()
        wrong += [f"{name}: {step} has no {used}" for used in missing]
    assert wrong == []


def _used(name: str, load: ast.Call) -> Iterator[str]:
    # Yields the attributes that a module takes from what it has loaded.
    tree = TREES[name]
    names = {
        ast.unparse(node.targets[0])
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and node.value is load
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and (
            node.value is load or (isinstance(node.value, ast.Name) and node.value.id in names)
        ):
            yield node.attr
