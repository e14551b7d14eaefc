"""Write requirements*.lock from requirements*.in, with hashes and without an index address.

It runs uv, which pip installs into `.cache/lock`, because only this program needs it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

# Options of uv. `--no-deps`: the file names all that is wanted.
SOURCES = {
    "requirements": (),
    "requirements-typings": ("--no-deps",),
    "requirements-linkkit": ("--no-deps",),
    "requirements-thonny": ("--no-deps",),
    "requirements-atheris": ("--no-deps",),
    "requirements-release": ("--constraint", "requirements.lock"),
    "requirements-docs": ("--constraint", "requirements.lock"),
}


def main() -> int:
    """Resolve for every platform and Python >= 3.11; return the exit code."""
    root = Path(__file__).resolve().parents[1]
    tools = root / ".cache" / "lock"
    python = root / ".venv" / "bin" / "python"
    fetch = [str(python), "-m", "pip", "install", "--quiet", "--target", str(tools), "uv"]
    if not (tools / "bin" / "uv").is_file() and subprocess.run(fetch, check=False).returncode:
        print("lock: cannot install uv: check the network.", file=sys.stderr)
        return 1
    for source, options in SOURCES.items():
        # fmt: off
        command = [
            str(tools / "bin" / "uv"), "pip", "compile", "--quiet", "--no-config", "--universal",
            "--python-version", "3.11", "--generate-hashes", "--no-emit-index-url", "--no-header",
            "--no-annotate", *options, f"{source}.in", "--output-file", f"{source}.lock",
        ]
        # fmt: on
        if code := subprocess.run(command, cwd=root, check=False).returncode:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
