"""The screen of `watch`: all stations of a batch, for a supervisor at a terminal."""

from __future__ import annotations

import time
from typing import ClassVar

from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.visual import VisualType
from textual.widgets import Static

from alink_factory import language
from alink_factory.errors import LedgerError
from alink_factory.screen import watch_text
from alink_factory.screen.tile_text import bar, cut
from alink_factory.screen.watch import INTERVAL, Watch

_KINDS = 50  # Kinds of failure in the list, which scrolls.
_TALL = 30  # Lines of a terminal with space for high columns.
_LOW, _HIGH = 1, 5  # Lines of the columns of boards an hour.
_FIGURES = 4


class WatchScreen(App[None]):
    """Shows a batch until the supervisor quits; it only reads.

    A ledger that does not respond leaves the figures as they are, with a sentence above them.
    """

    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,ctrl+c,ctrl+q", "quit", priority=True),
        Binding("f3", "light", priority=True),
        Binding("up", "scroll('stations',-1)", priority=True),
        Binding("down", "scroll('stations',1)", priority=True),
        Binding("pageup", "scroll('failures',-1)", priority=True),
        Binding("pagedown", "scroll('failures',1)", priority=True),
    ]
    CSS_PATH = "watch.tcss"

    def __init__(self, watch: Watch, *, is_light: bool = False) -> None:
        super().__init__()
        self._watch = watch
        self._lost = ""
        names = ("head", "bar", "remark", "over", "titles", "hours")
        self._parts = {name: Static(id=name, markup=False) for name in names}
        self._parts["keys"] = Static(id="keys")
        self._figures = [Static(classes="figure", markup=False) for _ in range(_FIGURES)]
        self._lists = {name: Static(markup=False) for name in ("stations", "failures")}
        self.theme = "textual-light" if is_light else "textual-dark"

    def compose(self) -> ComposeResult:
        """Make the parts of the screen, from top to bottom."""
        parts = self._parts
        yield parts["head"]
        yield Horizontal(*self._figures, id="figures")
        yield parts["bar"]
        yield parts["remark"]
        yield VerticalScroll(self._lists["stations"], id="stations", can_focus=False)
        yield parts["titles"]
        yield VerticalScroll(self._lists["failures"], id="failures", can_focus=False)
        yield parts["over"]
        yield parts["hours"]
        yield parts["keys"]

    def on_mount(self) -> None:
        """Show the batch, and look at the ledger again and again."""
        self.set_interval(INTERVAL, self.look)
        self.call_after_refresh(self._show)

    def on_resize(self, _event: events.Resize) -> None:
        """Fit the parts to the new size."""
        self.call_after_refresh(self._show)

    def look(self) -> None:
        """Read the ledger in a separate thread: a slow network does not stop the keys."""
        self.run_worker(self._look, thread=True, exclusive=True)

    def action_light(self) -> None:
        """Change between a light and a dark screen."""
        is_dark = self.theme == "textual-dark"
        self.theme = "textual-light" if is_dark else "textual-dark"
        self._show()

    def action_scroll(self, part: str, direction: int) -> None:
        """Scroll the stations by a line, or the failures by a page."""
        view = self.query_one(f"#{part}")
        lines = 1 if part == "stations" else max(1, view.size.height - 1)
        view.scroll_relative(y=direction * lines, animate=False)

    def _look(self) -> None:
        try:
            self._watch.look()
            self._lost = ""
        except LedgerError as error:
            self._lost = self._lost or time.strftime("%H:%M:%S")
            self.log(str(error))
        self.call_from_thread(self._show)

    def _show(self) -> None:
        watch, width, height = self._watch, self.size.width, self.size.height
        with watch.lock:
            self._put("head", watch_text.head(watch, width))
            for view, (name, value) in zip(self._figures, watch.figures(), strict=True):
                view.update(watch_text.figure(name, value, width // _FIGURES - 1))
            self._put("bar", bar(watch.percent, width))
            self._lists["stations"].update(watch_text.stations(watch, width - 2))
            kinds, hours = watch.failures(_KINDS), watch.hours()
        lost = f"The ledger does not respond since {self._lost}: these figures are old."
        self._put("remark", cut(language.text(lost), width))
        self._parts["remark"].display = bool(self._lost)
        title = watch_text.title_of_failures() if kinds else language.text("No attempt failed.")
        self._put("titles", title)
        self._lists["failures"].update(watch_text.failures(kinds, width - 2))
        self._put("over", language.text("boards an hour"))
        lines = _HIGH if height >= _TALL else _LOW
        self._put("hours", watch_text.hours(hours, width, lines))
        self._put("keys", self._keys())

    def _keys(self) -> str:
        labels = {
            "quit": f"q {language.text('quit')}",
            "light": f"F3 {language.text('light' if self.current_theme.dark else 'dark')}",
        }
        parts = [f"[@click=app.{action}]{label}[/]" for action, label in labels.items()]
        hints = (f"↑ ↓ {language.text('stations')}", language.text("PgUp PgDn failures"))
        return "  ".join([*parts, *hints])

    def _put(self, part: str, content: VisualType) -> None:
        self._parts[part].update(content)
