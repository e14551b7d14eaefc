"""Core tests on every interpreter: a file of plain functions in, three pytest items each out.

A core file holds `test_*()` functions and imports nothing a board does not have. It is parsed
here, never imported: one process per file and interpreter runs all of it (`driver.py`), and every
item looks up what became of its function. `INTERPRETERS = ("unix64",)` in a file restricts it.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from alink_sim import toolchain
from tests import interpreters
from tests.waiting import PATIENCE

INTERPRETERS = ("cpython", "unix64", "unix32")

_SEPARATOR = "\x1e"


@dataclass
class Report:
    """The result of one process: an error (or None) for each finished function, and its output."""

    faults: dict[str, str | None] = field(default_factory=dict)
    printed: dict[str, str] = field(default_factory=dict)
    import_fault: str | None = None
    running: str | None = None
    ending: str = ""


_reports = pytest.StashKey[dict[tuple[Path, str], Report]]()


class CoreFailure(Exception):
    """A core test failed; the text is what the interpreter said."""


class CoreFile(pytest.File):
    """One `test_*.py` below `tests/core`."""

    def collect(self) -> Iterator[CoreItem]:
        """Yield one item for each function and interpreter."""
        tree = ast.parse(self.path.read_text(encoding="utf-8"), filename=str(self.path))
        functions = list(_test_functions(tree))
        names = tuple(function.name for function in functions)
        for function in functions:
            for interpreter in _declared_interpreters(tree):
                yield CoreItem.from_parent(
                    self,
                    name=f"{function.name}[{interpreter}]",
                    function=function,
                    interpreter=interpreter,
                    all_names=names,
                )


class CoreItem(pytest.Item):
    """One function on one interpreter."""

    def __init__(
        self,
        *,
        function: ast.FunctionDef,
        interpreter: str,
        all_names: tuple[str, ...],
        **keywords: Any,
    ) -> None:
        super().__init__(**keywords)
        self.function = function
        self.interpreter = interpreter
        self.all_names = all_names

    def runtest(self) -> None:
        """Fail with the interpreter's own traceback, or skip with the reason it is not here."""
        if self.interpreter != "cpython":
            interpreters.require(self.interpreter)
        report = self._report()
        name = self.function.name
        if printed := report.printed.get(name, "").strip():
            self.add_report_section("call", "stdout", printed)
        if report.import_fault is not None:
            raise CoreFailure(_explain(report.import_fault, self.path))
        if name not in report.faults:
            where = f"in {report.running}" if report.running else "between tests"
            raise CoreFailure(
                f"{name} gave no result on {self.interpreter}: {report.ending}, {where}"
            )
        if (fault := report.faults[name]) is not None:
            raise CoreFailure(_explain(fault, self.path))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show what the device said, not our own frames."""
        if isinstance(excinfo.value, CoreFailure):
            return f"{self.interpreter}: {excinfo.value}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Name the function's own line."""
        return self.path, self.function.lineno - 1, self.name

    def _report(self) -> Report:
        reports = self.session.stash.setdefault(_reports, {})
        key = (self.path, self.interpreter)
        if key not in reports:
            reports[key] = run_file(
                self.path, interpreter=self.interpreter, functions=self.all_names
            )
        return reports[key]


def run_file(path: Path, *, interpreter: str, functions: tuple[str, ...]) -> Report:
    """Run a core file's functions in one process and return what it reported."""
    core = next(folder for folder in path.parents if (folder / "driver.py").is_file())
    search = [core.parents[1] / "firmware", core, path.parent, toolchain.umqtt_simple()]
    if interpreter == "cpython":
        command: tuple[str, ...] = (sys.executable, "-B", "-u", "-X", "utf8")
        variable, tail = "PYTHONPATH", []
    else:
        command = toolchain.interpreter(interpreter).command
        variable, tail = "MICROPYPATH", [".frozen"]
    environment = {**os.environ, variable: ":".join([*map(str, search), *tail])}
    try:
        # Its own folder to write in: workers run the same file at the same time.
        with tempfile.TemporaryDirectory() as scratch:
            done = subprocess.run(
                [*command, str(core / "driver.py"), path.stem, *functions],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=scratch,
                env=environment,
                timeout=PATIENCE,
                check=False,
            )
    except subprocess.TimeoutExpired as error:
        return parse_report(error.output or b"", ending=f"it was stopped after {PATIENCE:.0f} s")
    return parse_report(done.stdout, ending=f"the process ended with code {done.returncode}")


def parse_report(output: bytes, *, ending: str) -> Report:
    """Return the driver's records; text between two of them was printed by the running test."""
    report = Report(ending=ending)
    # Not splitlines(): it takes the separator itself for the end of a line.
    for line in output.decode("utf-8", "replace").split("\n"):
        if not line.startswith(_SEPARATOR):
            if report.running is None:
                report.ending += f"\n{line}" if line else ""
            else:
                report.printed[report.running] = (
                    report.printed.get(report.running, "") + line + "\n"
                )
            continue
        record = json.loads(line.removeprefix(_SEPARATOR))
        if "start" in record:
            report.running = record["start"]
        elif record["end"] is None:
            report.import_fault = record["fault"]
        else:
            report.faults[record["end"]] = record["fault"]
            report.running = None
    return report


def _test_functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    for node in tree.body:
        if isinstance(node, ast.AsyncFunctionDef) and node.name.startswith("test_"):
            raise pytest.Collector.CollectError(f"{node.name}: a core test cannot be async")
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            if ast.unparse(node.args):
                raise pytest.Collector.CollectError(
                    f"{node.name}: a core test takes no arguments, a board has no fixtures"
                )
            yield node


def _declared_interpreters(tree: ast.Module) -> tuple[str, ...]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "INTERPRETERS":
            declared = tuple(ast.literal_eval(node.value))
            if unknown := set(declared) - set(INTERPRETERS):
                raise pytest.Collector.CollectError(
                    f"INTERPRETERS names {min(unknown)!r}: choose from {', '.join(INTERPRETERS)}"
                )
            return declared
    return INTERPRETERS


def _explain(fault: str, path: Path) -> str:
    """Put the error and the line that failed first: MicroPython gives its number only."""
    headline = fault.strip().splitlines()[-1].strip(": ")
    if numbers := re.findall(rf'{re.escape(path.name)}", line (\d+)', fault):
        line = path.read_text(encoding="utf-8").splitlines()[int(numbers[-1]) - 1]
        headline += f" at {path.name}:{numbers[-1]}: {line.strip()}"
    return f"{headline}\n{fault.rstrip()}"
