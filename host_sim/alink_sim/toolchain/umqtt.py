"""Fetch the published umqtt.simple 1.3.4 into the cache; return its folder for MICROPYPATH.

It is frozen into the boards; a benchmark compares with umqtt.robust. PyPI has both only as source
archives without a build file. pip downloads, verifies and unpacks the archive, then may fail to
build it; only the unpacked file is needed.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from alink_formats import whole_file
from alink_formats.cache_dir import cache_dir
from alink_formats.errors import ToolchainError

VARIABLE = "ALINK_UMQTT"


@dataclass(frozen=True)
class _Published:
    """A module of umqtt with the SHA-256 of its archive and of its source."""

    module: str
    version: str
    archive: str
    source: str


_SIMPLE = _Published(
    "simple",
    "1.3.4",
    archive="b6a2520239e3992c63a7de9370ee9b3d9d27819a90359c521f1c0f7ccab8d12f",
    source="8555d2f654deb8eb0d724f79b0811a78cc94029d070f3d96bbd74288653d63a5",
)
_ROBUST = _Published(
    "robust",
    "1.0",
    archive="22a1b8c8e1128281efb13b3020927d07e33c5b747869da2cd77d37983a9ea002",
    source="950d64b9aaa369a9bcc30d2142ba6c03f10e7ed6083cdc2d3921cedee747ffff",
)


def umqtt_simple() -> Path:
    """Return the folder that contains `umqtt/simple.py`; fetch it once. Raises ToolchainError.

    Set ALINK_UMQTT to the folder of another version to use that.
    """
    if named := os.environ.get(VARIABLE):
        if not (Path(named) / "umqtt" / "simple.py").is_file():
            raise ToolchainError(f"{VARIABLE} is {named}, which does not contain umqtt/simple.py.")
        return Path(named)
    return _folder(_SIMPLE)


def umqtt_robust() -> Path:
    """Return the folder that contains `umqtt/robust.py`; fetch it once. Raises ToolchainError."""
    return _folder(_ROBUST)


def _folder(wanted: _Published) -> Path:
    name = "umqtt" if wanted is _SIMPLE else f"umqtt.{wanted.module}"
    folder = cache_dir() / f"{name}-{wanted.version}"
    source = folder / "umqtt" / f"{wanted.module}.py"
    if not source.is_file():
        source.parent.mkdir(parents=True, exist_ok=True)
        # Several test processes may fetch at the same time.
        whole_file.write(source, _fetch(wanted))
    return folder


def _fetch(wanted: _Published) -> bytes:
    with tempfile.TemporaryDirectory(prefix="alink-umqtt-") as scratch:
        output = _pip_download(Path(scratch), wanted)
        found = list(Path(scratch).glob(f"pip-*/*/umqtt/{wanted.module}.py"))
        if not found:
            raise ToolchainError(_explain(output, wanted))
        data = found[0].read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if digest != wanted.source:
        raise ToolchainError(
            f"umqtt/{wanted.module}.py of {wanted.version} is not the tested file (SHA-256"
            f" {digest[:8]}…): check your package index."
        )
    return data


def _pip_download(scratch: Path, published: _Published) -> str:
    wanted = scratch / "wanted.txt"
    name = f"micropython-umqtt.{published.module}=={published.version}"
    wanted.write_text(f"{name} --hash=sha256:{published.archive}\n", encoding="utf-8")
    # fmt: off
    command = [
        sys.executable, "-m", "pip", "download", "--no-clean", "--no-deps", "--retries", "1",
        "--no-build-isolation", "--no-binary", ":all:", "--disable-pip-version-check",
        "--require-hashes", "--requirement", str(wanted), "--dest", str(scratch / "download"),
    ]
    # fmt: on
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,  # The build may fail, see above; the unpacked file counts.
        env={**os.environ, "TMPDIR": str(scratch)},
        timeout=600,
    )
    return done.stdout + done.stderr


def _explain(output: str, wanted: _Published) -> str:
    name = f"umqtt.{wanted.module} {wanted.version}"
    if "No module named pip" in output:
        return f"{name} needs pip, and this environment does not have it: install pip."
    if "DO NOT MATCH THE HASHES" in output:
        return f"The archive of {name} is not the published one: check your index."
    return (
        f"{name} could not be fetched from the package index: check the network "
        "or proxy (pip uses its own settings), then run this again."
    )
