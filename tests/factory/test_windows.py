"""The line needs no POSIX: types for Windows, and imports without the modules of POSIX.

It was not tried on Windows; these tests find what cannot work there.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from alink_factory.ledger import network_share

TOOLS = Path(__file__).parents[2] / "tools"
PACKAGES = ("alink_factory", "alink_formats")
_IMPORT_ALL = """
import asyncio, importlib, pkgutil, signal, subprocess, sys
import babel.support, cryptography.hazmat, jinja2, pydantic, rich.live, sqlalchemy.orm, typer
import textual.app, textual.containers, textual.widgets
for name in ("fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty"):
    sys.modules[name] = None
sys.platform = "win32"
del signal.SIGHUP
sys.modules["msvcrt"] = type(sys)("msvcrt")
subprocess.CREATE_NEW_PROCESS_GROUP = 0x200
for package in sys.argv[1:]:
    found = importlib.import_module(package)
    for one in pkgutil.walk_packages(found.__path__, f"{package}."):
        if not one.name.endswith("__main__"):
            importlib.import_module(one.name)
            print(one.name)
"""


def test_every_module_imports_without_posix():
    done = subprocess.run(
        [sys.executable, "-c", _IMPORT_ALL, *PACKAGES],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "alink_factory.screen.guard" in done.stdout.split()


def test_types_are_right_for_windows(tmp_path: Path):
    command = [sys.executable, "-m", "mypy", "--config-file=", "--platform", "win32"]
    command += ["--follow-imports=skip", "--ignore-missing-imports", "--cache-dir", str(tmp_path)]
    done = subprocess.run(
        [*command, *(str(TOOLS / package) for package in PACKAGES)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_pyright_finds_nothing_for_windows():
    # Also in functions that mypy does not check, and in what an import of POSIX leaves undefined.
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable]
    done = subprocess.run(
        [*command, "--project", str(TOOLS / "pyright-windows.json")],
        capture_output=True,
        text=True,
        env=os.environ
        | {"PYRIGHT_PYTHON_GLOBAL_NODE": "off", "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("drive", "kind"), [("\\\\server\\share", "smb"), ("C:", ""), ("", "")])
def test_windows_share_is_a_network_share(monkeypatch, drive, kind):
    class Known(type(Path())):  # type: ignore[misc]
        """A path with the drive of Windows."""

    Known.drive = drive
    monkeypatch.setattr(network_share, "_MOUNTS", Path("/nonexistent"))
    assert network_share.remote_type(Known("ledger.db")) == kind
