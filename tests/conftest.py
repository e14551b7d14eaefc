"""What every test may ask for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from alink_sim.toolchain import Interpreter
from tests import interpreters, optional_parts, postgres
from tests.waiting import PATIENCE

DATABASES = ("sqlite", "postgresql")

_POSTGRES = pytest.StashKey[int]()


os.environ.setdefault("ALINK_PATIENCE", str(PATIENCE))
os.environ.setdefault("ESPTOOL_CFGFILE", str(Path(__file__).with_name("esptool.cfg")))


def pytest_configure(config: pytest.Config) -> None:
    """Prepare what the workers of a run share."""
    if not hasattr(config, "workerinput"):
        config.stash[_POSTGRES] = postgres.begin()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers of the run."""
    if _POSTGRES in config.stash:
        postgres.end(config.stash[_POSTGRES])


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The test runs once on each engine, each time with an empty database."""
    if request.param == "postgresql":
        return postgres.fresh_database()
    return f"sqlite:///{tmp_path / 'database.db'}"


@pytest.fixture(params=interpreters.NAMES)
def interpreter(request: pytest.FixtureRequest) -> Interpreter:
    """The test runs once on each MicroPython build; a missing one is a skip that says why."""
    return interpreters.require(request.param)


def pytest_report_header() -> list[str]:
    """Say at the start what will be skipped, and why."""
    return list(optional_parts.announced())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have counted: `record_property("counted", text)`, from any worker."""
    for report in terminalreporter.getreports("passed"):
        for name, text in report.user_properties:
            if name == "counted":
                terminalreporter.write_line(str(text))
    for line in optional_parts.advised():
        terminalreporter.write_line(line)
