"""machine: identity, resets and their causes, RTC, watchdog, deep sleep."""

from __future__ import annotations

from alink_sim.clock import ManualClock
from tests.board.conftest import Bench, printed, turn, wait_until_waiting


def test_unique_id_is_the_mac(bench: Bench):
    assert bench.run("import machine; print(machine.unique_id().hex())") == ["a0b765123456"]


def test_each_reset_reports_its_cause(bench: Bench):
    board = bench.board(
        """
        import machine
        cause = machine.reset_cause()
        print("cause", cause)
        if cause == machine.PWRON_RESET:
            machine.reset()
        elif cause == machine.HARD_RESET:
            machine.soft_reset()
        elif cause == machine.SOFT_RESET:
            machine.deepsleep(1)
        """
    )
    assert printed(board) == ["cause 1", "cause 2", "cause 5", "cause 4"]
    assert printed(board)[0] == "cause 1"


def test_reset_button_is_a_hard_reset(bench: Bench):
    board = bench.board(
        "import machine, time\nprint('cause', machine.reset_cause())\ntime.sleep(1000000)"
    )
    board.power_on()
    board.expect("cause 1")
    board.press_reset()
    board.expect("cause 2")


def test_reset_skips_finally_blocks(bench: Bench):
    lines = bench.run(
        """
        import machine
        try:
            if machine.reset_cause() == 1:
                machine.reset()
            print("second life")
        finally:
            print("finally")
        """
    )
    assert lines == ["second life", "finally"]


def test_clock_starts_in_2000_survives_reset(bench: Bench, clock: ManualClock):
    board = bench.board(
        """
        import machine, time
        print("it is", time.gmtime()[:5], machine.RTC().datetime()[:3])
        if machine.reset_cause() == 1:
            machine.RTC().datetime((2026, 11, 23, 0, 18, 30, 5, 0))
            machine.reset()
        """,
        clock=clock,
    )
    assert printed(board) == [
        "it is (2000, 1, 1, 0, 0) (2000, 1, 1)",
        "it is (2026, 11, 23, 18, 30) (2026, 11, 23)",
    ]
    assert printed(board)[0] == "it is (2000, 1, 1, 0, 0) (2000, 1, 1)"


def test_clock_runs_during_reset(bench: Bench, clock: ManualClock):
    board = bench.board(
        """
        import machine, time
        print("seconds", time.time())
        if time.time() < 3600:
            time.sleep(3600)
            machine.reset()
        """,
        clock=clock,
    )
    board.power_on()
    assert turn(clock, board, "seconds 3600")


def test_rtc_memory_survives_reset_only(bench: Bench):
    board = bench.board(
        """
        import machine
        rtc = machine.RTC()
        print(rtc.memory())
        if machine.reset_cause() == 1:
            rtc.memory(b"kept")
            machine.reset()
        """
    )
    assert printed(board) == ["b''", "b'kept'"]
    assert printed(board) == ["b''", "b'kept'"]


def test_rtc_returns_microseconds_and_weekday(bench: Bench, clock: ManualClock):
    lines = bench.run(
        """
        import machine
        machine.RTC().datetime((2026, 11, 23, 0, 1, 2, 3, 250000))
        print(machine.RTC().datetime())
        """,
        clock=clock,
    )
    assert lines == ["(2026, 11, 23, 0, 1, 2, 3, 250000)"]  # a Monday


def test_unfed_watchdog_resets_on_clock(bench: Bench, clock: ManualClock):
    board = bench.board(
        """
        import machine, time
        print("cause", machine.reset_cause())
        if machine.reset_cause() == 1:
            dog = machine.WDT(timeout=8000)
            for _ in range(3):
                time.sleep(7)
                dog.feed()
            print("fed")
            time.sleep(9)
            print("never")
        """,
        clock=clock,
    )
    board.power_on()
    turn(clock, board, "cause 3")
    assert [line.text for line in board.lines] == ["cause 1", "fed", "cause 3"]


def test_watchdog_resets_busy_loop(bench: Bench):
    lines = bench.run(
        """
        import machine, time
        print("cause", machine.reset_cause())
        if machine.reset_cause() == 1:
            machine.WDT(timeout=20)
            while True:
                time.ticks_ms()
        """
    )
    assert lines == ["cause 1", "cause 3"]


def test_deep_sleep_ends_on_manual_clock(bench: Bench, clock: ManualClock):
    board = bench.board(
        """
        import machine, time
        print("cause", machine.reset_cause(), time.time())
        if machine.reset_cause() == 1:
            machine.deepsleep(3600000)
        """,
        clock=clock,
    )
    board.power_on()
    board.expect("cause 1 0")
    until = wait_until_waiting(board, "deepsleep")
    assert until == round(clock.time() * 1000) + 3600000
    clock.advance(3600)
    board.expect("cause 4 3600")
