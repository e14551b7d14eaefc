"""The clock that tests advance."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from alink_sim.clock import ManualClock, SystemClock
from tests.waiting import PATIENCE


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop in a separate thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def arm(
    clock: ManualClock, loop: asyncio.AbstractEventLoop, seconds: float, call: Callable[[], None]
):
    async def in_loop():
        return clock.call_later(loop, seconds, call)

    return asyncio.run_coroutine_threadsafe(in_loop(), loop).result()


def test_clock_stands_until_advanced():
    clock = ManualClock(start=1000.0)
    assert (clock.time(), clock.monotonic()) == (1000.0, 0.0)
    clock.advance(2.5)
    assert (clock.time(), clock.monotonic()) == (1002.5, 2.5)


def test_due_timers_run_in_order(loop):
    clock = ManualClock(start=0.0)
    ran = []
    for seconds in (3.0, 1.0, 2.0, 4.0):
        arm(clock, loop, seconds, partial(lambda at: ran.append((at, clock.time())), seconds))
    clock.advance(3.0)
    assert ran == [(1.0, 1.0), (2.0, 2.0), (3.0, 3.0)]
    clock.advance(1.0)
    assert ran[-1] == (4.0, 4.0)


def test_nested_timer_runs_in_same_advance(loop):
    clock = ManualClock(start=0.0)
    ran = []

    def again() -> None:
        ran.append(clock.time())
        clock.call_later(loop, 10.0, again)

    arm(clock, loop, 10.0, again)
    clock.advance(3600.0)
    assert ran == [10.0 * number for number in range(1, 361)]


def test_cancelled_timer_does_not_run(loop):
    clock = ManualClock()
    ran = []
    arm(clock, loop, 1.0, lambda: ran.append(1)).cancel()
    clock.advance(2.0)
    assert not ran


def test_timer_of_closed_loop_is_dropped():
    clock = ManualClock()
    gone = asyncio.new_event_loop()
    clock.call_later(gone, 1.0, lambda: None)
    gone.close()
    clock.advance(2.0)


def test_two_threads_may_advance_it(loop):
    clock = ManualClock(start=0.0)

    def advance() -> None:
        for _ in range(50):
            clock.advance(1.0)

    threads = [threading.Thread(target=advance) for _ in "12"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clock.time() == 100.0


def test_clock_file_holds_milliseconds(tmp_path: Path):
    clock = ManualClock(tmp_path / "clock", start=1.5)
    assert (tmp_path / "clock").read_bytes() == bytes.fromhex("dc05000000000000")
    clock.advance(0.25)
    assert (tmp_path / "clock").read_bytes() == bytes.fromhex("d606000000000000")
    clock.close()
    assert clock.path == tmp_path / "clock"


def test_system_clock_has_no_file(loop):
    clock = SystemClock()
    ran = threading.Event()

    async def in_loop() -> None:
        clock.call_later(loop, 0.0, ran.set)

    asyncio.run_coroutine_threadsafe(in_loop(), loop).result()
    assert ran.wait(PATIENCE)
    assert clock.path is None
    assert clock.time() > 1.7e9
    assert clock.monotonic() <= clock.monotonic()
