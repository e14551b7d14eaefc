"""umqtt.simple 1.3.4 as published: the cache in, a folder for MICROPYPATH out.

The boards have it frozen in. PyPI has it only as a source archive without a build file, so pip
downloads, checks and unpacks it and then refuses to build it; what it unpacked is all we want.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from alink_formats.errors import ToolchainError
from alink_sim.toolchain.paths import cache_dir

VERSION = "1.3.4"
VARIABLE = "ALINK_UMQTT"
_ARCHIVE_SHA256 = "b6a2520239e3992c63a7de9370ee9b3d9d27819a90359c521f1c0f7ccab8d12f"
_SOURCE_SHA256 = "8555d2f654deb8eb0d724f79b0811a78cc94029d070f3d96bbd74288653d63a5"


def umqtt_simple() -> Path:
    """Return the folder that contains `umqtt/simple.py`, fetched once; ToolchainError if not.

    The environment may name the folder of another version, one that boards have frozen in.
    """
    if named := os.environ.get(VARIABLE):
        if not (Path(named) / "umqtt" / "simple.py").is_file():
            raise ToolchainError(f"{VARIABLE} names {named}, which has no umqtt/simple.py.")
        return Path(named)
    folder = cache_dir() / f"umqtt-{VERSION}"
    source = folder / "umqtt" / "simple.py"
    if not source.is_file():
        source.parent.mkdir(parents=True, exist_ok=True)
        # Complete or not at all, also when several test processes fetch at once.
        partial = source.with_suffix(f".{os.getpid()}")
        partial.write_bytes(_fetch())
        partial.replace(source)
    return folder


def _fetch() -> bytes:
    with tempfile.TemporaryDirectory(prefix="alink-umqtt-") as scratch:
        output = _pip_download(Path(scratch))
        found = list(Path(scratch).glob("pip-*/*/umqtt/simple.py"))
        if not found:
            raise ToolchainError(_explain(output))
        data = found[0].read_bytes()
    if hashlib.sha256(data).hexdigest() != _SOURCE_SHA256:
        raise ToolchainError(
            f"umqtt/simple.py of {VERSION} is not the file this project was tested with "
            f"(SHA-256 {hashlib.sha256(data).hexdigest()[:8]}…): check your package index."
        )
    return data


def _pip_download(scratch: Path) -> str:
    wanted = scratch / "wanted.txt"
    wanted.write_text(
        f"micropython-umqtt.simple=={VERSION} --hash=sha256:{_ARCHIVE_SHA256}\n", encoding="utf-8"
    )
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
        check=False,  # it always fails, see above: what counts is what it left
        env={**os.environ, "TMPDIR": str(scratch)},
        timeout=600,
    )
    return done.stdout + done.stderr


def _explain(output: str) -> str:
    if "No module named pip" in output:
        return "umqtt.simple is fetched by pip, and this environment has none: install pip."
    if "DO NOT MATCH THE HASHES" in output:
        return f"The archive of umqtt.simple {VERSION} is not the published one: check your index."
    return (
        f"umqtt.simple {VERSION} could not be fetched from the package index: check the network "
        "or proxy (pip's own settings apply), then run this again."
    )
