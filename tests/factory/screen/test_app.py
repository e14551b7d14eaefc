"""The screen of a line: every size and language, keys, mouse, sounds and colors."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest
from rich.cells import cell_len

from alink_factory import language
from alink_factory.screen.app import LineScreen, TileView
from tests.factory.screen.hands import LOST, Hands, Unit, trouble
from tests.factory.workshop import KEY, Workshop

ROWS = "DeviceName,SerialNumber\n" + "".join(
    f"greenhouse-lamp-{number:04d},SN{number}\n" for number in range(1, 41)
)
ADVICE = "Check the cable and the plug, then plug the board in again."


@pytest.fixture(params=[language.ENGLISH, language.CHINESE])
def chosen(request: pytest.FixtureRequest) -> Iterator[str]:
    language.use(request.param)
    yield request.param
    language.use(language.ENGLISH)


@pytest.fixture
def hands(workshop: Workshop) -> Hands:
    return Hands(workshop, ports=8, rows=ROWS, name="lamps-2026")


def play(hands: Hands, scene: Callable[[], Awaitable[None]], **options: object) -> None:
    """Run a scene on a screen of 80 x 24."""

    async def main() -> None:
        async with hands.at_work(80, 24, **options):
            await scene()

    asyncio.run(main())


def busy(hands: Hands) -> None:
    """Put a good board, one at work, and five with different failures into the ports."""
    at_work = Unit()
    at_work.held.clear()
    red = [
        trouble(
            "identify", f"failure {number} of a board with a long story", ADVICE, is_final=True
        )
        for number in range(3, 6)
    ]
    lost = trouble("writing", LOST, ADVICE, is_final=True)
    units = [Unit(), at_work, *(Unit(troubles=[one]) for one in red), Unit(troubles=[lost])]
    units.append(Unit(owners={(KEY, "another-lamp")}))
    hands.plugged.update(zip(hands.ports, units, strict=False))


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (60, 20)])
def test_everything_fits_the_terminal(hands: Hands, chosen: str, size: tuple[int, int]):
    async def main() -> None:
        async with hands.at_work(*size):
            busy(hands)
            await hands.until(lambda: hands.state.green == 1 and hands.state.red == 5)
            await hands.type("SN9")
            await hands.pilot.pause(0.3)
            lines = hands.page()
            assert len(lines) == size[1]
            assert set(map(cell_len, lines)) == {size[0]}
            page = "\n".join(lines)
            # What to do now, counts, all tiles, the scan and the failures are there at once.
            for word in ("1/40" if chosen == language.CHINESE else "1 of 40 done", "→", "SN9"):
                assert word in page
            assert chosen == language.ENGLISH or " into " not in page
            views = [view.region for view in hands.app.query(TileView)]
            assert len(views) == 8
            assert size == (60, 20) or max(region.bottom for region in views) <= size[1] - 7
            failures = hands.app.query_one("#failures").region
            assert failures.height >= 5
            assert failures.bottom < size[1]
            english = ("take", "Plug", "reading", "cable", "done", "sound", "light", "failures")
            if chosen == language.CHINESE:
                # The failures of this test have no translation.
                above = "\n".join(lines[: failures.y] + lines[failures.bottom :])
                assert [word for word in english if word in above] == []

    asyncio.run(main())


def test_five_failures_are_shown_at_once(hands: Hands):
    async def scene() -> None:
        busy(hands)
        await hands.until(lambda: hands.state.red == 5)
        await hands.shows("Failure 3", "Failure 4", "Failure 5", "wipe", "The connection")
        await hands.pilot.press("f4")
        await hands.shows("short sentences")
        box = hands.app.query_one("#failures")
        assert box.max_scroll_y > 0
        await hands.pilot.press("pagedown")
        await hands.until(lambda: box.scroll_y > 0)
        await hands.pilot.press("pageup")
        await hands.until(lambda: box.scroll_y == 0)

    play(hands, scene)


def test_click_on_tile_prepares_another_attempt(hands: Hands):
    async def scene() -> None:
        unit = Unit(troubles=[trouble("identify", "failed", ADVICE, is_final=True)])
        hands.plugged[hands.ports[1]] = unit
        await hands.until(lambda: hands.tile(2) == "failed")
        await hands.pilot.click(offset=(25, 8))
        await hands.pilot.press("enter")
        await hands.shows("Burning the board on port 2 (ttyUSB1) again.")
        await hands.until(lambda: hands.tile(2) == "done")

    play(hands, scene)


def test_escape_empties_the_box(hands: Hands):
    async def scene() -> None:
        await hands.pilot.press(*"SN1", "escape", *"SN2", "enter")
        assert hands.order.serials.waiting == ("SN2",)

    play(hands, scene)


@pytest.mark.parametrize("beeps", [True, False])
def test_red_board_rings_twice(hands: Hands, monkeypatch: pytest.MonkeyPatch, beeps: bool):
    bells: list[int] = []
    monkeypatch.setattr(LineScreen, "bell", lambda _: bells.append(1))

    async def scene() -> None:
        hands.plugged[hands.ports[0]] = Unit()
        await hands.until(lambda: hands.tile(1) == "done" and len(bells) == beeps)
        await hands.pilot.press("f2")
        await hands.shows("sound on" if beeps else "sound off")
        await hands.pilot.press("f2")
        before = len(bells)
        lost = trouble("identify", LOST, ADVICE, is_final=True)
        hands.plugged[hands.ports[1]] = Unit(troubles=[lost])
        await hands.until(lambda: hands.tile(2) == "failed" and len(bells) == before + 2 * beeps)

    play(hands, scene, beeps=beeps)


def test_screen_is_dark_or_light(hands: Hands):
    async def scene() -> None:
        assert hands.app.current_theme.dark is False
        await hands.shows("F3 dark")
        await hands.pilot.press("f3")
        await hands.shows("F3 light")
        assert hands.app.current_theme.dark is True

    play(hands, scene, is_light=True)


def test_control_c_stops_line_and_screen(hands: Hands):
    async def scene() -> None:
        unit = Unit()
        unit.held.clear()
        hands.plugged[hands.ports[0]] = unit
        await hands.until(lambda: hands.tile(1) == "working")
        await hands.pilot.press("ctrl+c")
        await hands.shows("Finishing 1 at work, then the line stops.")
        await hands.pilot.press("ctrl+c")
        await hands.shows("Stopping now.")
        unit.held.set()
        await hands.until(lambda: not hands.app.is_running)

    play(hands, scene)
    assert hands.stops == 2
    assert hands.running.result() is True


def test_key_line_can_be_clicked(hands: Hands):
    async def scene() -> None:
        await hands.shows("F3 light")
        (line,) = [y for y, text in enumerate(hands.page()) if "F3 light" in text]
        at = hands.page()[line].index("F3 light") + 2
        await hands.pilot.click(offset=(at, line))
        await hands.shows("F3 dark")

    play(hands, scene)
