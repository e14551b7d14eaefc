"""Read the public API of our packages from their source, without importing them.

The package of a board cannot be imported on a host, so griffe reads all of them. A module that
has `__all__` offers those names; any other module offers the public names that it defines. Modules
of a board offer only what their stubs have: other names are for other modules of the SDK.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Iterator
from pathlib import Path

import griffe

ROOT = Path(__file__).resolve().parents[2]
_PACKAGES = ("alink", "alink_formats", "alink_sim", "alink_factory")
_STUBS = ROOT / "tools" / "alink-stubs"


@functools.cache
def _packages() -> griffe.ModulesCollection:
    """Return the packages of this repository, read from their source."""
    loader = griffe.GriffeLoader(
        search_paths=[ROOT / name for name in ("firmware", "host_sim", "tools")],
        allow_inspection=False,
        docstring_parser=griffe.Parser.google,
        docstring_options={"warnings": False, "returns_named_value": False},
    )
    for name in _PACKAGES:
        loader.load(name)
    loader.resolve_aliases(implicit=True, external=False)
    return loader.modules_collection


def module(dotted: str) -> griffe.Module:
    """Return a module by its dotted name. Raises KeyError if there is no such module."""
    found = _packages()[dotted]
    if not isinstance(found, griffe.Module):
        raise KeyError(dotted)
    return found


def public_members(of: griffe.Module) -> dict[str, griffe.Object]:
    """Return what a module offers: the names of `__all__`, or else what it defines."""
    names = of.exports
    if names is None and of.is_init_module:
        names = [name for name, one in of.members.items() if one.is_alias or not one.is_module]
    if names is None:
        names = [name for name, one in of.members.items() if not one.is_alias]
    members = {}
    for name in sorted(map(str, names), key=_source_order(of)):
        if name.startswith("_"):
            continue
        target = _target(of, name)
        if not _is_offered(target):
            continue
        if of.exports or target.is_class or target.is_function or target.docstring:
            members[name] = target
    return members


def class_members(
    of: griffe.Class, documented: frozenset[str] = frozenset()
) -> dict[str, griffe.Object]:
    """Return a class's public methods, properties and described attributes.

    Members of a base class are among them unless that class is in `documented` (dotted paths).
    """
    members: dict[str, griffe.Object] = {}
    for one in [of, *_bases(of, documented)]:
        for name, member in one.members.items():
            if name.startswith("_") or name in members or isinstance(member, griffe.Alias):
                continue
            if _is_offered(member) and (member.is_function or member.docstring):
                members[name] = member
    return members


def undocumented(dotted: str) -> list[str]:
    """Return the public names of a module, and of its classes, that have no docstring."""
    missing = []
    for name, one in public_members(module(dotted)).items():
        if not one.docstring:
            missing.append(f"{dotted}.{name}")
        if isinstance(one, griffe.Class):
            missing += [
                f"{dotted}.{name}.{member}"
                for member, found in class_members(one).items()
                if not found.docstring
            ]
    return missing


def _target(of: griffe.Module, name: str) -> griffe.Object:
    found: griffe.Object | griffe.Alias = of.members[name]
    if found.is_module and name in of.imports:  # A function beside a module of the same name.
        found = _packages()[of.imports[name]]
    return found.final_target if found.is_alias else found  # type: ignore[union-attr,return-value]


def _is_offered(one: griffe.Object) -> bool:
    """Tell whether users may use a name; for a board's module, whether its stub has it."""
    if one.package.path != "alink" or one.is_attribute:
        return True
    return one.path in _names_of_stubs()


@functools.cache
def _names_of_stubs() -> frozenset[str]:
    """Return the dotted paths of the functions, classes and methods in the stubs of a board."""
    found = set()
    for file in _STUBS.rglob("*.pyi"):
        parts = ["alink", *file.relative_to(_STUBS).with_suffix("").parts]
        of = ".".join(part for part in parts if part != "__init__")
        for one in ast.parse(file.read_text("utf-8")).body:
            if isinstance(one, ast.ClassDef):
                found |= {
                    f"{of}.{one.name}.{inner.name}"
                    for inner in one.body
                    if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef)
                }
            if isinstance(one, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                found.add(f"{of}.{one.name}")
    return frozenset(found)


def _source_order(of: griffe.Module) -> Callable[[str], int]:
    """Return a sort key: the order of the source."""
    order = {name: at for at, name in enumerate(of.members)}
    return lambda name: order.get(name, len(order))


def _bases(of: griffe.Class, documented: frozenset[str]) -> Iterator[griffe.Class]:
    for base in of.resolved_bases:
        if isinstance(base, griffe.Class) and base.path not in documented:
            yield base
            yield from _bases(base, documented)
