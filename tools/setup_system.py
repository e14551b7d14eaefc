"""Install the Debian packages that tests use.

It needs root only if a package is missing. The log of apt-get is `.cache/setup/system.log`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGES = (
    "mosquitto-clients",
    "postgresql",
    "chromium",
    "fonts-noto-cjk",
    "build-essential",  # It builds the interpreter of a chip (alink_sim.toolchain.chip32).
)


def missing(packages: tuple[str, ...]) -> list[str]:
    """Return the packages that are not installed."""
    return [name for name in packages if not _is_installed(name)]


def main() -> int:
    """Install the missing packages; return 0 for success, 1 (and print why) for failure."""
    root = Path(__file__).resolve().parents[1]
    log = root / ".cache" / "setup" / "system.log"
    if not (shutil.which("apt-get") and shutil.which("dpkg-query")):
        return _refuse(
            "this is not Debian or Ubuntu: install PostgreSQL, Chromium and "
            "mosquitto's clients by hand"
        )
    wanted = missing(PACKAGES)
    if not wanted:
        return 0
    if os.geteuid() != 0:
        return _refuse(f"{' '.join(wanted)} is missing and needs root: run sudo make system")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as output:
        for command in (
            ["apt-get", "-q", "update"],
            ["apt-get", "-q", "--yes", "--no-install-recommends", "install", *wanted],
        ):
            environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
            code = subprocess.run(
                command, stdout=output, stderr=output, check=False, env=environment
            ).returncode
    if code:
        return _refuse(
            f"apt-get could not install {' '.join(wanted)}: check the network and "
            f"/etc/apt (log: {log.relative_to(root)})"
        )
    print(f"system: installed {' '.join(wanted)}")
    return 0


def _is_installed(package: str) -> bool:
    query = ["dpkg-query", "--show", "--showformat", "${db:Status-Status}", package]
    done = subprocess.run(query, capture_output=True, text=True, check=False)
    return done.stdout == "installed"


def _refuse(reason: str) -> int:
    print(f"system: {reason}.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
