"""`make lowest`: run tests with the lowest versions that pyproject.toml allows.

It makes an environment in `.cache/lowest` with each dependency at its lower bound, and runs the
tests of the rooms below there. Their own tools (pytest's plugins, Hypothesis) are the newest.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import venv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ("hypothesis", "paho-mqtt", "pytest-timeout", "pytest-xdist", "hatchling", "editables")
ROOMS = (
    "tests/formats",
    "tests/factory/batch",
    "tests/factory/ledger",
    "tests/factory/verbs",
    "tests/platform/access",
    "tests/platform/state",
    "tests/board/flash",
)
_BOUND = re.compile(r"^(?P<name>[\w.-]+(?:\[[\w,]+\])?)>=(?P<version>[\w.]+)(?P<rest>.*)$")


def lowest(project: Mapping[str, Any]) -> Iterator[str]:
    """Yield each dependency of a project with the series of its lower bound, 5.0.* for >=5.0.

    Those of the extras are among them. Raises ValueError for one without a lower bound.
    """
    extras = project["optional-dependencies"].values()
    every = {*project["dependencies"], *(text for one in extras for text in one)}
    for text in sorted(every):
        if text.startswith(f"{project['name']}["):
            continue
        found = _BOUND.match(text)
        if not found:
            raise ValueError(f"{text} has no lower bound")
        yield f"{found['name']}=={found['version']}.*{found['rest']}"


def main() -> int:
    """Make the environment and run the tests; return pytest's exit code."""
    home = ROOT / ".cache" / "lowest"
    python = str(home / "bin" / "python")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    venv.create(home, with_pip=True, clear=True)
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *lowest(project), *TOOLS], cwd=ROOT, check=True)
    editable = ["--no-deps", "--no-build-isolation", "--editable", "."]
    subprocess.run([*pip, *editable], cwd=ROOT, check=True)
    # The options of this checkout are for a newer pytest.
    options = ["--numprocesses=2", "-o", "addopts=--import-mode=importlib --strict-markers"]
    tests = [python, "-m", "pytest", *options, *(sys.argv[1:] or ROOMS)]
    path = f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        tests, cwd=ROOT, check=False, env={**os.environ, "PATH": path}
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
