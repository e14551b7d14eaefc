"""time: epoch 2000, whole seconds, 30-bit ticks, and waits on a ManualClock."""

from __future__ import annotations

from alink_sim.board import FOREVER
from alink_sim.clock import ManualClock
from tests.board.conftest import Bench, turn, wait_until_waiting


def test_epoch_is_2000_in_whole_seconds(bench: Bench, clock: ManualClock):
    lines = bench.run(
        """
        import time
        print(time.time(), type(time.time()).__name__, time.gmtime(0), time.localtime(86400))
        print(time.mktime((2000, 1, 2, 0, 0, 0, 0, 0)), len(time.gmtime()))
        """,
        clock=clock,
    )
    assert lines == [
        "0 int (2000, 1, 1, 0, 0, 0, 5, 1) (2000, 1, 2, 0, 0, 0, 6, 2)",
        "86400 8",
    ]


def test_calendar_continues_after_2038(bench: Bench, clock: ManualClock):
    lines = bench.run(
        """
        import time
        for moment in ((2038, 1, 19, 3, 14, 8), (2060, 2, 29, 12, 0, 0), (1999, 12, 31, 0, 0, 0)):
            print(time.mktime(moment + (0, 0)), time.gmtime(time.mktime(moment + (0, 0))))
        """,
        clock=clock,
    )
    assert lines == [
        "1200798848 (2038, 1, 19, 3, 14, 8, 1, 19)",
        "1898596800 (2060, 2, 29, 12, 0, 0, 6, 60)",
        "-86400 (1999, 12, 31, 0, 0, 0, 4, 365)",
    ]


def test_ticks_wrap_after_30_bits(bench: Bench, clock: ManualClock):
    lines = bench.run(
        """
        import time
        last = (1 << 30) - 1
        print(time.ticks_add(last, 5), time.ticks_diff(4, last), time.ticks_diff(last, 4))
        print(0 <= time.ticks_ms() <= last, 0 <= time.ticks_us() <= last)
        """,
        clock=clock,
    )
    assert lines == ["4 5 -5", "True True"]


def test_sleep_announces_and_meets_its_end(bench: Bench, clock: ManualClock):
    board = bench.board("import time\ntime.sleep_ms(12345)\nprint('woke')", clock=clock)
    board.power_on()
    assert wait_until_waiting(board, "sleep") == round(clock.time() * 1000) + 12345
    clock.advance(12.344)
    assert not board.lines
    clock.advance(0.001)
    board.expect("woke")
    assert board.wait() == "halted"
    assert board.waiting is None


def test_sleep_of_days_ends_at_once(bench: Bench, clock: ManualClock):
    board = bench.board(
        """
        import time
        begin = time.time()
        for day in range(30):
            time.sleep(86400)
        print("slept", time.time() - begin)
        """,
        clock=clock,
    )
    board.power_on()
    assert turn(clock, board, "slept") == "slept 2592000"


def test_endless_poll_waits_forever(bench: Bench, clock: ManualClock):
    board = bench.board(
        """
        import select, socket
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(("127.0.0.1", 0))
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        poll.poll()
        """,
        clock=clock,
    )
    board.power_on()
    assert wait_until_waiting(board, "poll") == FOREVER


def test_poll_timeout_uses_manual_clock(bench: Bench, clock: ManualClock):
    board = bench.board(
        """
        import select, socket, time
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(("127.0.0.1", 0))
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        begin = time.ticks_ms()
        print("found", poll.poll(90000), time.ticks_diff(time.ticks_ms(), begin))
        """,
        clock=clock,
    )
    board.power_on()
    assert turn(clock, board, "found") == "found [] 90000"


def test_asyncio_sleep_uses_manual_clock(bench: Bench, clock: ManualClock):
    board = bench.board(
        """
        import asyncio, time
        async def nap(seconds):
            await asyncio.sleep(seconds)
            print("napped", time.time())
        async def main():
            late = asyncio.create_task(nap(86400))
            await asyncio.gather(nap(3600), nap(60))
            try:
                await asyncio.wait_for(nap(900), 300)
            except asyncio.TimeoutError:
                print("slept", time.time(), late.done(), late.cancel())
        asyncio.run(main())
        """,
        clock=clock,
    )
    board.power_on()
    assert turn(clock, board, "slept") == "slept 3900 False True"
    assert [line.text for line in board.lines][:2] == ["napped 60", "napped 3600"]
