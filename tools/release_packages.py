"""The packages of the lock files, their licenses, and the lists that a release has of them."""

from __future__ import annotations

import json
import re
import tomllib
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

LOCKS = ("", "-typings", "-linkkit", "-thonny", "-docs", "-atheris", "-release")
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)
_NAMESPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")  # Of URLs, in RFC 9562.


@dataclass(frozen=True, order=True)
class Package:
    """A package of a lock file; `ships`: an installed alink-sdk needs it."""

    name: str
    version: str
    lock: str
    ships: bool
    license: str


def locked(root: Path) -> Iterator[tuple[str, str, str]]:
    """Yield (lock file, name, version) of all packages of the lock files."""
    for suffix in LOCKS:
        lock = f"requirements{suffix}.lock"
        for found in _PIN.finditer((root / lock).read_text(encoding="utf-8")):
            yield lock, normal(found[1]), found[2]


def normal(name: str) -> str:
    """Return a name of a package as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed(root: Path) -> dict[str, Distribution]:
    """Return what set-up has installed, by name."""
    folders = [
        *root.glob(".venv/lib/python*/site-packages"),
        *root.glob(".cache/linkkit/lib/python*/site-packages"),
        *(root / ".cache" / name for name in ("typings", "thonny", "docs", "atheris", "release")),
    ]
    found = {}
    for folder in reversed(folders):
        for one in distributions(path=[str(folder)]):
            # Some pips leave an .egg-info without a name for a package that has no wheel.
            if name := one.metadata["Name"]:
                found[normal(name)] = one
    return found


def shipped(found: Mapping[str, Distribution]) -> set[str]:
    """Return the names of what an alink-sdk needs that is installed with all of its extras."""
    names: set[str] = set()
    left = ["alink-sdk"]
    while left:
        dependent = left.pop()
        one = found.get(dependent)
        for text in (one.requires if one else None) or []:
            wanted, _, marker = text.partition(";")
            name = normal(re.split(r"[^A-Za-z0-9._-]", wanted.strip())[0])
            # An extra is asked for by name: those of alink-sdk, and psycopg's in pyproject.toml.
            if "extra" in marker and "binary" not in marker and dependent != "alink-sdk":
                continue
            if name not in names:
                names.add(name)
                left.append(name)
    return names


def license_of(name: str, one: Distribution | None, table: Mapping[str, Any]) -> str:
    """Return the SPDX expression of a package's license, "" where nothing states it."""
    if name in table["stated"]:
        return str(table["stated"][name])
    if one is None:
        return ""
    if expression := _stated(one, "License-Expression"):
        return expression
    stated = [
        text.rpartition("::")[2].strip()
        for text in one.metadata.get_all("Classifier") or []
        if text.startswith("License")
    ]
    text = "; ".join(stated) or _stated(one, "License")
    return text if text in table["allowed"] else str(table["spdx"].get(text, ""))


def _stated(one: Distribution, field: str) -> str:
    return str((one.metadata.get_all(field) or [""])[0])


def packages(root: Path) -> list[Package]:
    """Return the packages of all lock files, sorted."""
    table = tomllib.loads((root / "tools" / "licenses.toml").read_text(encoding="utf-8"))
    found = installed(root)
    ships = shipped(found)
    return sorted(
        Package(
            name,
            version,
            lock,
            lock == "requirements.lock" and name in ships,
            license_of(name, found.get(name), table),
        )
        for lock, name, version in locked(root)
    )


def bill(all_packages: Sequence[Package], version: str) -> str:
    """Return the SBOM, CycloneDX 1.6 as JSON."""
    components = [
        {
            "type": "library",
            "bom-ref": f"{one.lock}:{one.name}@{one.version}",
            "name": one.name,
            "version": one.version,
            "scope": "required" if one.ships else "excluded",
            "licenses": [{"expression": one.license}],
            "purl": f"pkg:pypi/{one.name}@{one.version}",
            "properties": [{"name": "alink:lock", "value": one.lock}],
        }
        for one in all_packages
    ]
    text = json.dumps(components, sort_keys=True)
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, version + text)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": "alink-sdk",
                "name": "alink-sdk",
                "version": version,
                "licenses": [{"expression": "MIT AND GPL-2.0-or-later"}],
                "purl": f"pkg:pypi/alink-sdk@{version}",
            }
        },
        "components": components,
    }
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def listed(all_packages: Iterable[Package]) -> str:
    """Return the list of licenses, a line for each package."""
    lines = (
        f"{one.name} {one.version}\t{one.license}\t{'ships' if one.ships else one.lock}"
        for one in all_packages
    )
    return "\n".join(lines) + "\n"
