"""What every test may ask for."""

from __future__ import annotations

import pytest

from alink_sim.toolchain import Interpreter
from tests import interpreters


@pytest.fixture(params=interpreters.NAMES)
def interpreter(request: pytest.FixtureRequest) -> Interpreter:
    """The test runs once on each MicroPython build; a missing one is a skip that says why."""
    return interpreters.require(request.param)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have counted: `record_property("counted", text)`, from any worker."""
    for report in terminalreporter.getreports("passed"):
        for name, text in report.user_properties:
            if name == "counted":
                terminalreporter.write_line(str(text))
