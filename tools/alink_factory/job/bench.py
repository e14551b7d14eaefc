"""The bench: runs the tests of a batch on a burned board and judges their values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from alink_factory.batch import board_tests
from alink_factory.batch.board_tests import BoardTest
from alink_factory.board import program
from alink_factory.board.mpremote import Mpremote
from alink_factory.errors import BoardError
from alink_factory.job.order import Order
from alink_factory.ledger import measured
from alink_formats.identity import Identity

_ADVICE = "Check the fixture, then plug the board in again. If it fails again, put it aside."


@dataclass(frozen=True)
class Measurement:
    """One attempt of one test: its value; if that is bad, a sentence and what to do."""

    test: BoardTest
    attempt: int
    value: str
    mistake: str = ""
    advice: str = _ADVICE

    @property
    def shown(self) -> str:
        """The name of the test, its value and its unit."""
        return " ".join(filter(None, (self.test.name, self.value, self.test.unit)))

    @property
    def entry(self) -> str:
        """The text for the ledger."""
        test = self.test
        return measured.encode(
            test.name,
            self.value,
            unit=test.unit,
            min=test.low,
            max=test.high,
            equals=test.equals,
            attempt=self.attempt,
            is_good=not self.mistake,
            mistake=self.mistake,
        )


class Bench:
    """The board on a port, burned with `identity`; `serial` is its serial number or ""."""

    def __init__(
        self, order: Order, port: str, identity: Identity, *, mac: str, serial: str
    ) -> None:
        self._order = order
        self._port = port
        self._identity = identity
        self._known = {
            "{port}": port,
            "{mac}": mac,
            "{serial}": serial,
            "{device_name}": identity.device_name,
            "{product_key}": identity.product_key,
        }
        self._is_interrupted = False  # Whether a test stopped main.py.

    def attempts(self, test: BoardTest) -> Iterator[Measurement]:
        """Yield each attempt of a test; the last one is good, or there are no retries left."""
        for attempt in range(1, test.retries + 2):
            try:
                value = self._value(test)
                made = Measurement(test, attempt, value, test.mistake(value))
            except BoardError as error:
                if error.is_final or self._order.stop.is_set():
                    raise
                mistake = str(error) if test.is_boot else f"{test.name}: {error}"
                made = Measurement(test, attempt, "", mistake, error.advice)
            yield made
            if not made.mistake:
                return

    def close(self) -> None:
        """Reset the board if a test interrupted its application."""
        if self._is_interrupted:
            self._is_interrupted = False
            self._repl().reset()

    def _value(self, test: BoardTest) -> str:
        if test.program:
            return _last(self._run(test))
        if test.is_boot:
            self._is_interrupted = False
            check = self._order.boot_check
            return check(self._port, self._identity) if check else ""
        self._is_interrupted = True
        text = board_tests.script(test)
        return _last(self._repl().run("tested", text, timeout=test.timeout))

    def _run(self, test: BoardTest) -> list[str]:
        first, *rest = test.program
        folder = self._order.plan.batch.folder
        command = [board_tests.executable(first, folder) or first, *map(self._filled, rest)]
        lines: list[str] = []
        try:
            code = program.run(
                command,
                on_line=lines.append,
                stop=self._order.stop,
                timeout=test.timeout,
                folder=folder,
            )
        except program.ProgramStoppedError as error:
            raise BoardError("tested", f"{first} was ended: {error}", advice=_ADVICE) from error
        except OSError as error:
            raise BoardError(
                "tested",
                f"{first} cannot be started ({error.strerror})",
                advice="Correct the program in [[tests]], then start the line again.",
                is_final=True,
            ) from error
        if code:
            said = f': "{lines[-1][:80]}"' if lines else ""
            raise BoardError(
                "tested", f"{first} ended with exit code {code}{said}", advice=_ADVICE
            )
        return lines

    def _filled(self, argument: str) -> str:
        for name, value in self._known.items():
            argument = argument.replace(name, value)
        return argument

    def _repl(self) -> Mpremote:
        return Mpremote(self._port, scratch=self._order.scratch, stop=self._order.stop)


def _last(lines: list[str]) -> str:
    return lines[-1] if lines else ""
