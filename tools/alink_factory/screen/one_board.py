"""The display of a single board: its step and progress on one line, then its outcome."""

from __future__ import annotations

from typing import Self

from rich.console import Console
from rich.text import Text

from alink_factory import language
from alink_factory.job.progress import Outcome, Progress
from alink_factory.screen.failure_list import RED
from alink_factory.screen.state import ScreenState
from alink_factory.screen.tile_text import step_of

_GREEN = "bold #ffffff on #005f00"


class OneBoard:
    """Shows a board on a terminal while a command burns it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._state = ScreenState()
        self._status = console.status("")

    def __enter__(self) -> Self:
        self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    def progress(self, progress: Progress) -> None:
        """Show the progress of the board."""
        self._state.progress(progress)
        (tile,) = self._state.tiles
        parts = (f"{tile.percent:3} %", step_of(tile), tile.label, tile.mac)
        self._status.update(Text("  ".join(filter(None, parts))))

    def outcome(self, outcome: Outcome, *, is_last: bool) -> None:
        """Show the outcome of the board; `is_last` is for the display of a line."""
        del is_last
        self._status.stop()
        is_red = outcome.result == "failed"
        mark = Text(" NG " if is_red else " OK ", RED if is_red else _GREEN)
        parts = [outcome.device_name, outcome.mac]
        if outcome.result != "done":
            parts.append(language.joined([f"{outcome.detail}.", outcome.advice]))
        self._console.print(mark, Text("  ".join(filter(None, parts))))
