"""The live screen: what a person sees from afar, and what to do now on every size of terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from alink_factory.job.progress import Outcome, Progress
from alink_factory.job.serials import Serials
from alink_factory.line import Count
from alink_factory.screen.screen import Scans, Screen

PORTS = [f"/dev/ttyUSB{n}" for n in range(8)]


def shown(screen: Screen, width: int, height: int = 24) -> list[str]:
    page = io.StringIO()
    Console(file=page, width=width, height=height).print(screen)
    return page.getvalue().splitlines()


@pytest.fixture
def wall():
    screen = Screen(Console(file=io.StringIO()), title="lamps", who="b1 · mei", now=lambda: 0.0)
    screen.count(Count(rows=1000, done=412, begun=5))
    for number, port in enumerate(PORTS[:7]):
        screen.progress(Progress(port, "identify", mac=f"a0b76512345{number}"))
    screen.progress(Progress(PORTS[1], "writing", 0.5, device_name="lamp-000413"))
    screen.outcome(Outcome(PORTS[0], "done", device_name="lamp-000412"), is_last=True)
    for port in PORTS[2:6]:
        failed = Outcome(port, "failed", detail="the connection broke off", advice="Check cable.")
        screen.outcome(failed, is_last=port != PORTS[3])
    return screen


@pytest.mark.parametrize("width", [80, 100, 140, 200])
def test_eight_ports_fit_the_terminal(wall, width):
    lines = shown(wall, width)
    assert len(lines) <= 24
    assert max(map(len, lines)) <= width


@pytest.mark.parametrize("width", [40, 80, 140])
def test_instruction_is_at_the_top(wall, width):
    top = " ".join(" ".join(shown(wall, width)[:8]).split())
    assert "→ Take out 1 (green). Take out 3, 5, 6 (red) and follow the text below." in top


def test_red_board_shows_failure_and_advice(wall):
    page = "\n".join(shown(wall, 140))
    assert "FAILED" in page
    assert "The connection broke off. Check cable." in page
    assert "once more" in page  # It is tried again by itself: leave it in.


def test_ports_with_same_failure_share_a_sentence():
    screen = Screen(Console(file=io.StringIO()), title="lamps", who="b1 · mei", named=PORTS)
    dead = "the flash does not say what it is: it is dead or not soldered"
    for number, port in enumerate(PORTS):
        what = dead if number % 2 else "the chip is esp32c3, but the batch is for esp32"
        screen.outcome(
            Outcome(port, "failed", detail=what, advice=f"Put it into box {number % 2}."),
            is_last=True,
        )
    lines = shown(screen, 80)
    assert len(lines) <= 24
    assert any(line.startswith(" 1, 3, 5, 7  The chip is esp32c3") for line in lines), lines
    assert " 2, 4, 6, 8  The flash does not say" in "\n".join(lines)
    assert "\n".join(lines).count("box 1") == 1


@pytest.mark.parametrize("count", [5, 8])
def test_different_failures_all_fit_80_by_24(count):
    screen = Screen(Console(file=io.StringIO()), title="lamps", who="b1 · mei", named=PORTS)
    screen.count(Count(rows=1000, done=412, begun=5))
    for number, port in enumerate(PORTS[:count], 1):
        what = f"failure {number} of a board with a long story to tell about its cable and pins"
        failed = Outcome(port, "failed", detail=what, advice=f"Put it into the red box {number}.")
        screen.outcome(failed, is_last=True)
    lines = shown(screen, 80)
    assert len(lines) <= 24
    for number in range(1, count + 1):
        assert any(
            line.startswith(f" {number}  Failure {number}") and f"box {number}." in line
            for line in lines
        ), lines


def test_tile_shows_the_end_of_a_long_name():
    screen = Screen(Console(file=io.StringIO()), title="lamps", who="b1", named=PORTS)
    for number, port in enumerate(PORTS[:2]):
        name = f"greenhouse-lamp-2026-line7-00041{number}"
        screen.progress(Progress(port, "writing", 0.5, device_name=name))
    page = "\n".join(shown(screen, 80))
    assert "line7-000410" in page
    assert "line7-000411" in page


def test_green_on_another_port_ends_the_red_sentence():
    screen = Screen(Console(file=io.StringIO()), title="lamps", who="b1", named=PORTS[:2])
    red = Outcome(PORTS[0], "failed", "a" * 12, detail="the cable is loose", advice="Again.")
    screen.outcome(red, is_last=True)
    screen.gone(PORTS[0])
    assert "The cable is loose" in "\n".join(shown(screen, 80))
    screen.outcome(Outcome(PORTS[1], "done", "b" * 12), is_last=True)
    assert "The cable is loose" in "\n".join(shown(screen, 80))
    screen.outcome(Outcome(PORTS[1], "done", "a" * 12), is_last=True)
    assert "The cable is loose" not in "\n".join(shown(screen, 80))


def test_long_sentence_is_indented():
    screen = Screen(Console(file=io.StringIO()), title="lamps", who="b1 · mei")
    advice = "Put it aside and run `alink-burn scrap lamps.toml --mac a0b765123456 --reason …`."
    failed = Outcome(PORTS[0], "failed", detail="the flash is worn", advice=advice)
    screen.outcome(failed, is_last=True)
    first, second = shown(screen, 80)[-2:]
    assert first.startswith(" 1  The flash is worn. Put it aside")
    assert second.startswith("    ")
    assert second[4] != " "


def test_named_port_has_tile_before_first_board():
    screen = Screen(Console(file=io.StringIO()), title="lamps", who="b1", named=PORTS[:3])
    screen.progress(Progress(PORTS[2], "identify"))
    assert screen.ports == PORTS[:3]
    assert "Plug a board into 1, 2." in " ".join(shown(screen, 140)[:5])


def test_message_disappears_after_six_seconds():
    seconds = [0.0]
    screen = Screen(Console(file=io.StringIO()), title="x", who="", now=lambda: seconds[0])
    screen.outcome(Outcome(PORTS[0], "done"), is_last=True)
    screen.say("Scanned 77: plug in its board.")
    assert "→ Scanned 77" in " ".join(shown(screen, 80))
    seconds[0] = 7.0
    assert "→ Take out 1 (green)." in " ".join(shown(screen, 80))


def test_screen_asks_for_scan_and_shows_queue():
    serials = Serials()
    scans = Scans(serials, is_needed=True)
    screen = Screen(Console(file=io.StringIO()), title="x", who="", named=PORTS[:2], scans=scans)
    assert "→ Scan a board, then plug it into 1, 2." in " ".join(shown(screen, 80))
    serials.add("1001")
    serials.add("1002")
    page = " ".join(shown(screen, 80))
    assert "→ Plug the board 1001 into 1, 2." in page
    assert "Scans waiting: 1001, 1002" in page


@pytest.mark.parametrize(
    ("done", "says"),
    [
        (37, "→ Leave the blue boards plugged in. Plug a board into 2, 3."),
        (38, "→ Leave the blue boards plugged in. Plug a board into 2."),
        (39, "→ Leave the blue boards plugged in. The batch needs no more boards."),
    ],
)
def test_screen_asks_only_for_boards_still_needed(done, says):
    screen = Screen(Console(file=io.StringIO()), title="x", who="", named=PORTS[:3])
    screen.count(Count(rows=40, done=done, begun=1))
    screen.progress(Progress(PORTS[0], "writing"))
    assert says in " ".join(" ".join(shown(screen, 100)).split())


def test_tile_shows_the_scanned_number():
    screen = Screen(Console(file=io.StringIO()), title="x", who="")
    screen.progress(Progress(PORTS[0], "writing", serial="1001", device_name="lamp-0001"))
    assert "1001 · lamp-0001" in " ".join(shown(screen, 80))


def test_a_complete_batch_has_nothing_left():
    seconds = [0.0]
    screen = Screen(Console(file=io.StringIO()), title="x", who="", now=lambda: seconds[0])
    screen.count(Count(rows=10, done=0, begun=0))
    seconds[0] = 60.0
    screen.count(Count(rows=10, done=5, begun=0))
    assert "300 an hour, about 2 min left" in " ".join(shown(screen, 80))
    screen.count(Count(rows=10, done=10, begun=0))
    page = " ".join(shown(screen, 80))
    assert "600 an hour" in page
    assert "left" not in page


def test_a_single_board_is_not_counted():
    screen = Screen(Console(file=io.StringIO()), title="alink-burn flash", who="")
    screen.progress(Progress(PORTS[0], "writing", 0.5))
    page = "\n".join(shown(screen, 80))
    assert "48 %" in page
    assert "of 0 done" not in page


def test_working_tile_shows_name_and_progress(wall):
    page = "\n".join(shown(wall, 140))
    assert "lamp-000413" in page
    assert "48 %" in page
    assert "writing" in page


def test_a_free_port_asks_for_a_board(wall):
    wall.gone(PORTS[0])
    top = " ".join(shown(wall, 140)[:5])
    assert "Plug a board into 1." in top


def test_stopping_screen_says_how_to_abandon(wall):
    wall.closing([PORTS[1], PORTS[6]], abandons=False)
    assert "→ Finishing 2 at work, then the line stops. Ctrl-C again abandons them." in "\n".join(
        shown(wall, 140)
    )


def test_progress_never_goes_back(wall):
    wall.progress(Progress(PORTS[1], "writing", 0.1))
    assert "48 %" in "\n".join(shown(wall, 140))
