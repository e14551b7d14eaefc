"""pytest runs in this checkout without each plugin that has an option in pyproject.toml."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def collect(*options):
    """Collect one file of tests with this checkout's configuration."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", *options, __file__]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "options",
    [
        ["-p", "no:cacheprovider"],
        ["-p", "no:timeout"],
        ["-p", "no:randomly"],
        ["-p", "no:xdist"],
        ["-p", "no:cacheprovider", "-p", "no:timeout", "-p", "no:alink"],
    ],
    ids=" ".join,
)
def test_pytest_runs_without_a_plugin(options):
    done = collect(*options)
    assert done.returncode == 0, done.stdout + done.stderr


def test_configuration_has_no_unknown_option():
    done = collect("--strict-config")
    assert done.returncode == 0, done.stdout + done.stderr
