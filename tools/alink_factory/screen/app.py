"""The screen of a running line: tiles, failures, a box for scans, and what to do next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.widget import Widget
from textual.widgets import Input, Static

from alink_factory import language
from alink_factory.job.order import Order
from alink_factory.line import Line
from alink_factory.screen.failure_list import failure_list, lines_of
from alink_factory.screen.state import Scans, ScreenState, Tile
from alink_factory.screen.tile_text import bar, cut, tile_text
from alink_factory.screen.typed_text import react

_INTERVAL = 0.125  # Seconds between two looks at the line.
_SECOND_BELL = 0.3  # Seconds after the first one: a red board.
_TILE = 19  # The smallest width of a tile: eight of them fit 80 x 24.
_LOWEST, _HIGHEST = 4, 10  # Lines of a tile.
_SHORT, _WHOLE = "short sentences", "whole sentences"
_TALL = 30  # Lines of a terminal that has space for the bar.
_OTHERS = 12  # Lines of the other parts, and at least 4 of the list of failures.


class TileView(Widget):
    """One port; a click puts its number into the box, so that Enter burns the board again."""

    def __init__(self, number: int, tile: Tile) -> None:
        super().__init__(classes="tile")
        self._number = number
        self._tile = Tile(tile.port)
        self.show(tile)

    def show(self, tile: Tile) -> None:
        """Show the tile of the port as it is now; nothing is drawn if it looks the same."""
        tile = replace(tile, seconds=int(tile.seconds))
        if tile == self._tile:
            return
        self._tile = tile
        self.set_class(tile.state in ("done", "already"), "ok")
        for state in ("failed", "again", "working"):
            self.set_class(tile.state == state, state)
        self.refresh()

    def render(self) -> Text:
        """Return the text of the tile."""
        return tile_text(self._number, self._tile, width=self.size.width, height=self.size.height)

    def on_click(self) -> None:
        """Put the number of the port into the box."""
        box = self.app.query_one(Input)
        box.value = f"#{self._number}"
        box.cursor_position = len(box.value)
        box.focus()


def state_of(order: Order, named: Sequence[str]) -> ScreenState:
    """Return the state of a line before its first board; `named` are the ports to begin with."""
    scans = Scans(order.serials, is_needed=order.plan.batch.naming.needs_serial)
    return ScreenState(named=named, scans=scans if order.plan.takes_scans else None)


class LineScreen(App[None]):
    """Shows a line until `is_over`, and hands typed and scanned texts to it.

    `stop` is called for Ctrl-C. `beeps`: a bell for a green board, two for a red one.
    """

    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c,ctrl+q", "stop", priority=True),
        Binding("f2", "sound", priority=True),
        Binding("f3", "light", priority=True),
        Binding("f4", "whole", priority=True),
        Binding("pageup", "scroll(-1)", priority=True),
        Binding("pagedown", "scroll(1)", priority=True),
        Binding("escape", "clear", priority=True),
    ]
    CSS_PATH = "line.tcss"

    def __init__(
        self,
        order: Order,
        line: Line,
        state: ScreenState,
        *,
        stop: Callable[[], None],
        is_over: Callable[[], bool],
        beeps: bool = True,
        is_light: bool = False,
    ) -> None:
        super().__init__()
        batch, station = order.plan.batch, order.ledger.station
        title = f"{batch.name} · {batch.board} · {batch.layout}"
        self._head = f"{title}  {station.name} · {station.operator}"
        self._order = order
        self._line = line
        self.state = state
        self._stop = stop
        self._is_over = is_over
        self._beeps = beeps
        self._is_whole = False
        self._heard = (0, 0)  # Green and red outcomes that had their bell.
        self._shown: dict[str, object] = {}
        names = ("head", "figures", "bar", "next", "remark", "list")
        self._parts = {name: Static(id=name, markup=False) for name in names}
        self._parts["keys"] = Static(id="keys")
        self._box = Input(id="typed", placeholder=language.text(self._hint), compact=True)
        self._wall = Container(id="tiles")
        self._views: list[TileView] = []
        self._failures = VerticalScroll(self._parts["list"], id="failures", can_focus=False)
        self.theme = "textual-light" if is_light else "textual-dark"

    @property
    def _hint(self) -> str:
        if self.state.takes_scans:
            return "Scan a serial number, type #2 to burn port 2 again, u to undo, or q to stop."
        return "Type the number of a port to burn its board again, or q to stop."

    def compose(self) -> ComposeResult:
        """Make the parts of the screen, from top to bottom."""
        parts = self._parts
        yield from (parts[name] for name in ("head", "figures", "bar", "next"))
        yield self._wall
        yield parts["remark"]
        yield self._box
        yield self._failures
        yield parts["keys"]

    def on_mount(self) -> None:
        """Show the line, and look at it again and again."""
        self._box.focus()
        self.set_interval(_INTERVAL, self._look)
        self.call_after_refresh(self._show)

    def on_resize(self, _event: events.Resize) -> None:
        """Fit tiles and sentences to the new size."""
        self._shown.clear()
        self.call_after_refresh(self._show)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hand a typed or scanned text on."""
        event.input.clear()
        if text := event.value.strip():
            known = self.state.ports
            self.state.say(react(text, line=self._line, order=self._order, known=known))
        self._show()

    def action_stop(self) -> None:
        """Stop the line; a second time, abandon the boards at work."""
        self._stop()

    def action_sound(self) -> None:
        """Turn the bells on or off."""
        self._beeps = not self._beeps
        self._show()

    def action_light(self) -> None:
        """Change between a light and a dark screen."""
        is_dark = self.theme == "textual-dark"
        self.theme = "textual-light" if is_dark else "textual-dark"
        self._show()

    def action_whole(self) -> None:
        """Change between whole sentences and one line for each failure."""
        self._is_whole = not self._is_whole
        self._show()

    def action_scroll(self, direction: int) -> None:
        """Scroll the list of failures by a page."""
        page = max(1, self._failures.size.height - 1)
        self._failures.scroll_relative(y=direction * page, animate=False)

    def action_clear(self) -> None:
        """Empty the box."""
        self._box.clear()

    def _look(self) -> None:
        if self._is_over():
            self.exit()
            return
        self._ring()
        self._show()

    def _ring(self) -> None:
        now = (self.state.green, self.state.red)
        if now != self._heard and self._beeps:
            self.bell()
            if now[1] > self._heard[1]:
                self.set_timer(_SECOND_BELL, self.bell)
        self._heard = now

    def _show(self) -> None:
        width = self.size.width
        self._put("head", cut(self._head, width))
        self._put("figures", cut(self.state.figures, width))
        self._put("bar", bar(self.state.percent, width))
        self._put("next", f"→ {self.state.instruction}")
        remark = self.state.remark
        self._put("remark", cut(remark, width))
        # On a small terminal, the list of failures gets every line that says nothing new.
        self._parts["remark"].display = bool(remark)
        self._parts["bar"].display = self.size.height >= _TALL
        self._show_tiles(self.state.tiles)
        self._show_failures()
        keys = {
            "sound": f"F2 {language.text('sound off' if self._beeps else 'sound on')}",
            "light": f"F3 {language.text('light' if self.current_theme.dark else 'dark')}",
            "whole": f"F4 {language.text(_SHORT if self._is_whole else _WHOLE)}",
        }
        parts = [f"[@click=app.{action}]{label}[/]" for action, label in keys.items()]
        self._put("keys", "  ".join([*parts, language.text("PgUp PgDn failures")]))

    def _put(self, part: str, content: str) -> None:
        # An update costs a layout, so only a change is one.
        if self._shown.get(part) != content:
            self._shown[part] = content
            self._parts[part].update(content)

    def _show_tiles(self, tiles: Sequence[Tile]) -> None:
        for view, tile in zip(self._views, tiles, strict=False):
            view.show(tile)
        known = len(self._views)
        if self._wall.is_attached:
            new = [TileView(number, one) for number, one in enumerate(tiles[known:], known + 1)]
            self._wall.mount_all(new)
            self._views += new
        if self._shown.get("tiles") != len(tiles):
            self._shown["tiles"] = len(tiles)
            self._arrange(len(tiles))

    def _arrange(self, count: int) -> None:
        most = max(1, (self.size.width + 1) // (_TILE + 1))
        rows = max(1, -(-count // most))
        room = max(_LOWEST, self.size.height - _OTHERS)
        height = max(_LOWEST, min(_HIGHEST, room // rows))
        styles = self._wall.styles
        styles.grid_size_columns = max(1, -(-count // rows))
        styles.grid_rows = str(height)
        styles.max_height = room
        styles.overflow_y = "auto" if rows * height > room else "hidden"

    def _show_failures(self) -> None:
        failures, size = self.state.failures, self._failures.size
        now = (failures, size, self._is_whole)
        if self._shown.get("list") == now:
            return
        self._shown["list"] = now
        fits = 2 * lines_of(failures) <= size.height
        width = max(20, size.width - 1)
        listed = failure_list(failures, width=width, is_whole=fits or self._is_whole)
        self._parts["list"].update(listed)
