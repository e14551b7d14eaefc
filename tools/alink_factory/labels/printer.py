"""Print a label after each green board: the PDF of one label, given to the batch's program."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alink_factory.batch import board_tests
from alink_factory.batch.batch_file import Batch
from alink_factory.batch.label_template import LabelTemplate
from alink_factory.batch.plan import Plan
from alink_factory.board import program
from alink_factory.board.scratch import scratch
from alink_factory.errors import BatchError, FactoryError
from alink_factory.labels import label as labels
from alink_factory.labels import pdf
from alink_factory.labels.label import Label
from alink_factory.ledger import Claim, Ledger

_TIMEOUT = 60.0  # Seconds for one label.
_FILE = "{file}"


class PrintError(FactoryError):
    """A label was not printed."""


class Printer:
    """Prints labels one after the other, beside the boards at work.

    `on_failure` gets a sentence for the operator at once, `unprinted` the DeviceNames of the
    labels to print again.
    """

    def __init__(self, template: LabelTemplate, plan: Plan, ledger: Ledger) -> None:
        self._template = template
        self._plan = plan
        self._ledger = ledger
        self._waiting: queue.Queue[Claim | None] = queue.Queue()
        self.on_failure: Callable[[str], None] = lambda _: None
        self.unprinted: list[str] = []

    def put(self, claim: Claim) -> None:
        """Print the label of a board that is done."""
        self._waiting.put(claim)

    def run(self) -> None:
        """Print labels as they come, until `close`."""
        while claim := self._waiting.get():
            try:
                self._print(claim)
            except Exception as error:  # noqa: BLE001  a label never ends the line
                self.unprinted.append(claim.device_name)
                self.on_failure(f"the label of {claim.device_name} was not printed: {error}")

    def close(self) -> None:
        """End `run` after the labels that wait."""
        self._waiting.put(None)

    def _print(self, claim: Claim) -> None:
        plan = self._plan
        row = plan.by_key[claim.row]
        secrets = [*plan.secrets.values(), plan.wifi_password]
        made = labels.of_board(plan.batch, self._template, row, self._ledger, secrets=secrets)
        send(plan.batch, self._template, [made])


@contextmanager
def running(plan: Plan, ledger: Ledger) -> Iterator[Printer]:
    """Print labels in the background until the end. Raises BatchError."""
    printer = Printer(labels.template(plan.batch, plan.rows), plan, ledger)
    worker = threading.Thread(target=printer.run, daemon=True, name="labels")
    worker.start()
    try:
        yield printer
    finally:
        printer.close()
        worker.join()


def send(batch: Batch, template: LabelTemplate, made: Iterable[Label]) -> int:
    """Print labels with the program of the batch; return how many. Raises PrintError, BatchError.

    `{file}` in the command is the PDF; without it, the PDF is the last argument.
    """
    if not template.command:
        raise BatchError(f"{batch.file}: labels.print is missing: name the program that prints")
    with scratch() as folder:
        file = folder / "labels.pdf"
        with file.open("wb") as stream:
            count = pdf.write(made, template, stream, skip=0)
        if count:
            _start(template.command, file, batch.folder)
    return count


def _start(command: tuple[str, ...], file: Path, folder: Path) -> None:
    first, *rest = command
    words = [word.replace(_FILE, str(file)) for word in rest]
    words += [] if any(_FILE in word for word in rest) else [str(file)]
    arguments = [board_tests.executable(first, folder) or first, *words]
    lines: list[str] = []
    try:
        code = program.run(arguments, on_line=lines.append, timeout=_TIMEOUT, folder=folder)
    except program.ProgramStoppedError as error:
        raise PrintError(f"{first} was ended: {error}") from error
    except OSError as error:
        raise PrintError(f"{first} cannot be started ({error.strerror})") from error
    if code:
        said = f': "{lines[-1][:80]}"' if lines else ""
        raise PrintError(f"{first} ended with exit code {code}{said}")
