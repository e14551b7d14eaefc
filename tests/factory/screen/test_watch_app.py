"""The terminal of `watch`: every size and language as a snapshot, keys, colors, a lost ledger."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot

from alink_factory import language
from alink_factory.errors import LedgerError
from alink_factory.ledger import Ledger, Station
from alink_factory.screen.watch import Watch
from alink_factory.screen.watch_app import WatchScreen
from tests.factory.screen.test_watch import NOW, burn
from tests.factory.workshop import Workshop
from tests.waiting import PATIENCE

SNAPSHOTS = Path(__file__).parent / "snapshots"


class Supervisor:
    """Hands at the keys, and eyes on the screen."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.app: WatchScreen
        self.pilot: Pilot[None]

    @asynccontextmanager
    async def at_work(self, width: int = 80, height: int = 24) -> AsyncIterator[None]:
        """Show the batch."""
        self.watch.look()
        self.app = WatchScreen(self.watch)
        async with self.app.run_test(size=(width, height)) as self.pilot:
            yield

    def page(self) -> list[str]:
        """Return the lines of the screen."""
        return [strip.text.rstrip() for strip in self.app.screen._compositor.render_strips()]

    async def until(self, wanted: Callable[[str], bool]) -> None:
        """Wait until the screen shows something."""
        for _ in range(int(PATIENCE / 0.05)):
            if wanted("\n".join(self.page())):
                return
            await self.pilot.pause(0.05)
        raise AssertionError("\n".join(self.page()))


@pytest.fixture
def supervisor(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Supervisor]:
    """A batch of three stations, ten hours of boards, and five kinds of failure."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    clock = [NOW - 36_000]
    where = str(workshop.folder / "ledger.db")
    people = {"bench-1": "mei", "工位-2": "李雷", "line-pc-of-the-north-hall-number-3": "韩梅梅"}
    books = [
        Ledger(where, station=Station(name, operator), now=lambda: clock[0])
        for name, operator in people.items()
    ]
    reasons = ("supply is 2.9 V; the minimum is 3 V", "the connection to the board was lost")
    for number in range(36):
        clock[0] += 900
        burn(books[number % 3], number, failure=reasons[number % 2] if number % 5 == 4 else "")
    yield Supervisor(Watch(books[0], "lamps", rows=64, now=lambda: NOW))
    for book in books:
        book.close()
    monkeypatch.undo()
    time.tzset()


def watched(supervisor: Supervisor, scene: Callable[[], Awaitable[None]]) -> None:
    """Run a scene on a screen of 80 x 24."""

    async def main() -> None:
        async with supervisor.at_work():
            await scene()

    asyncio.run(main())


@pytest.mark.parametrize("chosen", [language.ENGLISH, language.CHINESE])
@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_screen_looks_like_its_snapshot(
    supervisor: Supervisor, chosen: str, size: tuple[int, int]
):
    async def main() -> list[str]:
        async with supervisor.at_work(*size):
            await supervisor.until(lambda page: "bench-1" in page)
            return supervisor.page()

    language.use(chosen)
    try:
        lines = asyncio.run(main())
    finally:
        language.use(language.ENGLISH)
    snapshot = SNAPSHOTS / f"watch-{size[0]}x{size[1]}-{chosen}.txt"
    # After a change on purpose: remove the file, run the test, look at the new one.
    if not snapshot.exists():
        snapshot.write_text("\n".join(lines) + "\n", encoding="utf-8")
        pytest.fail(f"{snapshot.name} was missing; look at the new one")
    assert lines == snapshot.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (60, 20)])
def test_long_lists_leave_the_keys_visible(supervisor: Supervisor, size: tuple[int, int]):
    async def main() -> None:
        supervisor.watch.look()
        tally = supervisor.watch.tally
        tally.failures.update({f"writing: {one} {'很长' * 60}": 1 for one in "abcdefghijkl"})
        for number in range(20):
            tally.stations[f"station-{number:02d}"] = tally.stations["bench-1"]
        async with supervisor.at_work(*size):
            await supervisor.until(lambda page: "station-03" in page)
            lines = supervisor.page()
            assert len(lines) == size[1]
            assert max(map(cell_len, lines)) <= size[0]
            assert lines[-1] == "q quit  F3 light  ↑ ↓ stations  PgUp PgDn failures"
            assert "station-19" not in "\n".join(lines)
            await supervisor.pilot.press(*["down"] * 24)
            await supervisor.until(lambda page: "station-19" in page)
            assert "writing: l" not in "\n".join(supervisor.page())
            await supervisor.pilot.press(*["pagedown"] * 14)
            await supervisor.until(lambda page: "writing: l" in page)
            await supervisor.pilot.press(*["pageup"] * 14, *["up"] * 24)
            await supervisor.until(lambda page: "bench-1" in page and "writing: l" not in page)

    asyncio.run(main())


def test_new_boards_appear_by_themselves(supervisor: Supervisor):
    async def scene() -> None:
        await supervisor.until(lambda page: "29 / 64" in page)
        burn(supervisor.watch.ledger, 99)
        supervisor.app.look()
        await supervisor.until(lambda page: "30 / 64" in page)

    watched(supervisor, scene)


def test_idle_station_is_marked(supervisor: Supervisor):
    async def scene() -> None:
        ages = (601, 599, 0)
        for (_, station), age in zip(supervisor.watch.stations(), ages, strict=True):
            station.last = NOW - age
        await supervisor.until(lambda page: "bench-1" in page)
        strips = supervisor.app.screen._compositor.render_strips()
        marked = [
            segment.text.strip()
            for strip in strips
            for segment in strip
            if segment.style and segment.style.bgcolor and "d7af00" in str(segment.style.bgcolor)
        ]
        assert marked == ["10 min ago"]

    watched(supervisor, scene)


def test_lost_ledger_is_named_until_it_is_back(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
):
    look = supervisor.watch.look

    def fail() -> None:
        raise LedgerError("the server is gone")

    async def scene() -> None:
        monkeypatch.setattr(supervisor.watch, "look", fail)
        supervisor.app.look()
        await supervisor.until(lambda page: "The ledger does not respond since" in page)
        assert "29 / 64" in "\n".join(supervisor.page())
        monkeypatch.setattr(supervisor.watch, "look", look)
        supervisor.app.look()
        await supervisor.until(lambda page: "does not respond" not in page)

    watched(supervisor, scene)


def test_key_line_changes_colors_and_quits(supervisor: Supervisor):
    async def scene() -> None:
        assert supervisor.app.theme == "textual-dark"
        await supervisor.until(lambda page: "F3 light" in page)
        at = supervisor.page()[-1].index("F3") + 1
        await supervisor.pilot.click(offset=(at, 23))
        await supervisor.until(lambda page: "F3 dark" in page)
        assert supervisor.app.theme == "textual-light"
        await supervisor.pilot.press("q")
        await supervisor.pilot.pause()
        assert not supervisor.app.is_running

    watched(supervisor, scene)
