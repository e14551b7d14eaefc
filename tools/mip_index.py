"""Write an index of mip packages: the SDK for boards, core and features apart.

    mip.install("alink-ota", index="https://example.com/mip")      # on a board
    mpremote mip install --index https://example.com/mip alink-ota # from a computer

The form is that of MicroPython's own index: `package/6/NAME/VERSION.json` names files by their
hash, for bytecode version 6 (MicroPython 1.19 and later); `package/py/` has the sources. Any web
server can serve the folder. The same source makes the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from alink_formats.board_file import file_of_board
from alink_formats.bytecode import compile_mpy, dotted

CORE = "alink"
EVERYTHING = "alink-all"
BYTECODE = "6"  # Of mpy-cross, as boards report it: sys.implementation._mpy & 0xff.
SOURCE = "py"
# What each feature adds to the core: files and folders below firmware/alink.
FEATURES: Mapping[str, tuple[str, ...]] = {
    "alink-cloudlog": ("cloudlog.py",),
    "alink-config": ("config.py",),
    "alink-gateway": ("gateway",),
    "alink-http-channel": ("http_channel.py",),
    "alink-login": ("login.py",),
    "alink-ota": ("ota",),
    "alink-outbox": ("outbox.py",),
    "alink-report": ("report.py",),
    "alink-rrpc": ("rrpc.py",),
    "alink-shadow": ("shadow.py",),
    "alink-thing": ("thing.py", "tsl.py"),
    "alink-timesync": ("timesync.py",),
}
_DIGITS = 16  # Of the SHA-256; mip compares the digits of the index.


def files_of(sdk: Path) -> dict[str, list[Path]]:
    """Return the files of each package; `sdk` is the folder firmware/alink."""
    left = sorted(sdk.rglob("*.py"))
    found: dict[str, list[Path]] = {}
    for name, parts in FEATURES.items():
        roots = [sdk / part for part in parts]
        found[name] = [one for one in left if any(one.is_relative_to(root) for root in roots)]
        left = [one for one in left if one not in found[name]]
    return {CORE: left, **found}


def write(sdk: Path, folder: Path, *, version: str) -> None:
    """Write the index of a version into a folder. Raises ToolchainError without mpy-cross."""
    entries = []
    for name, files in {**files_of(sdk), EVERYTHING: []}.items():
        deps = [] if name == CORE else [[CORE, version]]
        if name == EVERYTHING:
            deps = [[one, version] for one in (CORE, *FEATURES)]
        for kind in (BYTECODE, SOURCE):
            hashes = [[_target(one, sdk, kind), _store(one, sdk, folder, kind)] for one in files]
            _write_json(
                (
                    folder / "package" / kind / name / f"{label}.json"
                    for label in (version, "latest")
                ),
                {"v": 1, "version": version, "hashes": hashes, "deps": deps},
            )
        entries.append({"name": name, "version": version, "license": "MIT"})
    _write_json([folder / "index.json"], {"v": 2, "packages": entries})


def _target(file: Path, sdk: Path, kind: str) -> str:
    path = file.relative_to(sdk.parent)
    return path.with_suffix(".py" if kind == SOURCE else ".mpy").as_posix()


def _store(file: Path, sdk: Path, folder: Path, kind: str) -> str:
    """Write the content of a file under its hash; return the hash."""
    if kind == SOURCE:
        content = file_of_board(file)
    else:
        content = compile_mpy(file, name=dotted(file.relative_to(sdk.parent)))
    digest = hashlib.sha256(content).hexdigest()[:_DIGITS]
    path = folder / "file" / digest[:2] / digest
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return digest


def _write_json(paths: Iterable[Path], value: object) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(value, sort_keys=True) + "\n", encoding="utf-8")
