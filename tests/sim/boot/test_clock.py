"""Hours in milliseconds: platform and board on one clock that the test turns."""

from __future__ import annotations

import http.server
import re
import socket
import threading
import time
from collections.abc import Callable

import pytest

from alink_sim.board import Board
from alink_sim.clock import ManualClock
from alink_sim.platform import Settings
from alink_sim.sntp import reply
from tests.sim.conftest import RESETS_BEFORE_STORING, Rig, until_waiting

WATCHED = """
import machine
from alink import Device

print("reset cause", machine.reset_cause())
Device.from_flash(watchdog=machine.WDT(timeout=5000)).connect()
"""
BY_HTTP = """
from alink import Device

device = Device.from_flash()
from alink.boot import clock

clock.HTTP_HOST = "date.aliyuncs.com:%d"
device.connect()
"""
NOBODY = "ntp.aliyuncs.com:9"  # Nothing answers at the discard port of this machine.

ONLINE = re.compile(r"^alink: online at ")
POSTED = re.compile(r"^alink: property post 1 answered: 200")


@pytest.fixture
def timed(make_rig: Callable[..., Rig], clock: ManualClock) -> Rig:
    return make_rig(clock=clock)


def _online(rig: Rig) -> Board:
    board = rig.board("dev-1")
    board.power_on()
    board.expect(ONLINE)
    board.expect(POSTED)
    return board


def test_clock_is_set_before_tls(timed: Rig) -> None:
    board = timed.board("dev-1")
    with board:
        board.power_on()
        said = board.expect("alink: clock set to ").text
        assert "2026-11-23T18:00:0" in said
        board.expect(ONLINE)


def test_no_time_passes_while_ntp_replies(
    timed: Rig, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(request: bytes, now: float) -> bytes | None:
        time.sleep(0.3)
        return reply(request, now)

    before = clock.time()
    monkeypatch.setattr("alink_sim.sntp.reply", late)
    with timed.board("dev-1") as board:
        board.power_on()
        said = timed.driver.expect(board, "alink: clock ")
        assert "clock set to 2026-11-23T18:00:0" in said
        assert clock.time() < before + 3  # The time that the firmware waits for a reply.


def test_quiet_session_lives_for_hours_on_pings(timed: Rig, clock: ManualClock) -> None:
    with _online(timed) as board:
        for _ in range(30):
            until_waiting(board, clock, at_least=60)
            clock.advance(241)
        until_waiting(board, clock, at_least=60)
        assert timed.kinds("dev-1").count("online") == 1
        assert "offline" not in timed.kinds("dev-1")


def test_board_is_online_again_after_hours_of_outage(timed: Rig, clock: ManualClock) -> None:
    with _online(timed) as board:
        timed.platform.console.disable_device(timed.product_key, "dev-1")
        board.expect("alink: offline: ")
        for _ in range(4):
            until_waiting(board, clock)
            clock.advance(3600)
            board.expect("alink: login refused, CONNACK 4")
        timed.platform.console.enable_device(timed.product_key, "dev-1")
        until_waiting(board, clock)
        clock.advance(4600)
        board.expect(ONLINE)
    assert timed.kinds("dev-1").count("registered") == 1


def test_third_registration_waits_ten_minutes(timed: Rig, clock: ManualClock) -> None:
    board = timed.board("dev-1", method="regnwl", register=False, main=RESETS_BEFORE_STORING)
    with board:
        board.power_on()
        board.expect("the next one starts in 10 minutes")
        for _ in range(9):
            until_waiting(board, clock)
            clock.advance(60)
        assert len(timed.platform.console.device(timed.product_key, "dev-1").client_ids) == 2
        until_waiting(board, clock)
        clock.advance(60)
        board.expect("three registrations were started and none finished")
    assert len(timed.platform.console.device(timed.product_key, "dev-1").client_ids) == 3


class _Date(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.send_response(200)
        self.end_headers()

    def date_time_string(self, timestamp: float | None = None) -> str:
        return "Mon, 23 Nov 2026 18:00:07 GMT"

    def log_message(self, *_: object) -> None:
        pass


def test_http_date_sets_clock_without_ntp(timed: Rig) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Date) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        board = timed.board(
            "dev-1",
            ntp_host=NOBODY,
            main=BY_HTTP % server.server_port,
        )
        with board:
            board.power_on()
            said = board.expect("alink: clock set to ").text
            assert "2026-11-23T18:00:07Z by HTTP Date from date.aliyuncs.com" in said
            board.expect(ONLINE)
        server.shutdown()


def test_watchdog_is_fed_while_clock_is_unset(timed: Rig, clock: ManualClock) -> None:
    with timed.board("dev-1", ntp_host=NOBODY, main=WATCHED) as board:
        board.power_on()
        _live(board, clock, seconds=40)
        assert sum("clock not set" in line.text for line in board.lines) >= 4
        assert [line.text for line in board.lines if "reset" in line.text] == ["reset cause 1"]


def test_watchdog_is_fed_while_server_is_mute(timed: Rig, clock: ManualClock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        with timed.board("dev-1", port=port, main=WATCHED) as board:
            board.power_on()
            _live(board, clock, seconds=100)
            assert any("handshake or write timed out" in line.text for line in board.lines)
            assert [line.text for line in board.lines if "reset" in line.text] == ["reset cause 1"]


def _live(board: Board, clock: ManualClock, *, seconds: int) -> None:
    for _ in range(seconds):
        until_waiting(board, clock)
        clock.advance(1)
    until_waiting(board, clock)


FIXED = """
from alink import Device

Device.from_flash(timestamp="2524608000000", policy="stop").connect()
"""
STRICT = Settings(login_seconds=900.0)


def test_every_login_signs_its_own_time(make_rig: Callable[..., Rig], clock: ManualClock) -> None:
    rig = make_rig(clock=clock, settings=STRICT)
    with _online(rig) as board:
        for hours in range(1, 3):
            rig.platform.console.disable_device(rig.product_key, "dev-1")
            board.expect("alink: offline: ")
            rig.platform.console.enable_device(rig.product_key, "dev-1")
            until_waiting(board, clock)
            clock.advance(3600)
            board.expect(ONLINE)
            assert rig.kinds("dev-1").count("online") == hours + 1


def test_setting_fixes_the_timestamp_of_logins(
    make_rig: Callable[..., Rig], clock: ManualClock
) -> None:
    rig = make_rig(clock=clock, settings=STRICT)
    with rig.board("dev-1", main=FIXED) as board:
        board.power_on()
        board.expect("alink: login refused, CONNACK 4")
        refusal = rig.platform.expect("login_refused", timeout=0)
        assert refusal.reason.endswith(" s ahead; 900 s are allowed")
