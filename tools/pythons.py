"""`make pythons`: run tests with each supported Python that this machine has.

It looks for python3.11 to python3.14 on the PATH; `ALINK_PYTHONS` names others instead, separated
by colons. Each gets an environment in `.cache/pythons` with the packages of requirements.lock, and
runs the tests of the rooms below. A missing Python is named, and fails nothing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import lowest

ROOT = Path(__file__).resolve().parents[1]
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
# The host packages, boards with a platform, the stubs, and what a new project does.
ROOMS = (
    *lowest.ROOMS,
    "tests/sim/session/test_thing.py",
    "tests/firmware/test_stubs.py",
    "tests/workbench",
)
_WHICH = "import sys; print('%d.%d' % sys.version_info[:2])"


def find(programs: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield (version, program) for the first program of each supported version that runs."""
    found = set()
    for program in programs:
        try:
            done = subprocess.run(
                [program, "-c", _WHICH], capture_output=True, text=True, check=False
            )
        except OSError:
            continue
        version = done.stdout.strip()
        if version in VERSIONS and version not in found:
            found.add(version)
            yield version, program


def candidates() -> list[str]:
    """Return the programs that ALINK_PYTHONS names, or those of the PATH."""
    named = os.environ.get("ALINK_PYTHONS")
    return named.split(os.pathsep) if named else [f"python{version}" for version in VERSIONS]


def run(version: str, program: str) -> int:
    """Make the environment of a Python and run the tests there; return pytest's exit code."""
    home = ROOT / ".cache" / "pythons" / version
    python = str(home / "bin" / "python")
    shutil.rmtree(home, ignore_errors=True)
    # Some builds come without pip: the one of .venv installs.
    subprocess.run([program, "-m", "venv", "--without-pip", str(home)], check=True)
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]
    pip.append("--disable-pip-version-check")
    for what in (
        ["--require-hashes", "--requirement", "requirements.lock"],
        ["--no-deps", "--no-build-isolation", "--editable", "."],
    ):
        subprocess.run([*pip, *what], cwd=ROOT, check=True)
    tests = [python, "-m", "pytest", "-q", "--numprocesses=2", *(sys.argv[1:] or ROOMS)]
    path = f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        tests, cwd=ROOT, check=False, env={**os.environ, "PATH": path}
    ).returncode


def main() -> int:
    """Run the tests with each Python; return 1 if one of them fails, or none is here."""
    found = dict(find(candidates()))
    codes = {version: run(version, program) for version, program in sorted(found.items())}
    for version in VERSIONS:
        if version in codes:
            print(f"pythons: {version}: {'failed' if codes[version] else 'passed'}")
        else:
            print(f"pythons: {version} was not run: it is not on the PATH, nor in ALINK_PYTHONS")
    return int(not codes or any(codes.values()))


if __name__ == "__main__":
    sys.exit(main())
