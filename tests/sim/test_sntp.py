"""The small SNTP server, by the bytes of RFC 4330."""

from __future__ import annotations

import socket
import threading

import pytest

from alink_sim.clock import ManualClock
from alink_sim.sntp import SntpServer, reply
from tests.waiting import PATIENCE, eventually

REQUEST = bytes([0x1B]) + bytes(39) + bytes.fromhex("0102030405060708")
# Half a second after 1970 began: RFC 868 gives 2208988800 seconds since 1900.
STAMP = "83aa7e80 80000000"


def test_reply_has_clock_time_and_request_stamp():
    got = reply(REQUEST, 0.5)
    assert got == bytes.fromhex(
        "1c 01 06 ec 00000000 00000000 53494d00" + STAMP + "0102030405060708" + STAMP + STAMP
    )


def test_reply_has_the_request_version():
    got = reply(bytes([0x23]) + REQUEST[1:], 0.0)
    assert got
    assert got[0] == 0x24


@pytest.mark.parametrize(
    "request_", [b"", REQUEST[:47], bytes([0x1C]) + REQUEST[1:]], ids=["empty", "short", "reply"]
)
def test_malformed_request_gets_no_reply(request_):
    assert reply(request_, 0.0) is None


def test_server_replies_with_advanced_clock():
    clock = ManualClock(start=0.0)
    with (
        SntpServer(clock=clock) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
    ):
        client.settimeout(PATIENCE)
        clock.advance(0.5)
        client.sendto(b"not a request", ("127.0.0.1", server.port))
        client.sendto(REQUEST, ("127.0.0.1", server.port))
        assert client.recv(100)[-8:] == bytes.fromhex(STAMP)


def test_server_with_request_is_not_quiet():
    class Slow(ManualClock):
        def time(self) -> float:
            assert go_on.wait(PATIENCE)
            return 0.5

    go_on = threading.Event()
    with (
        SntpServer(clock=Slow()) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
    ):
        client.settimeout(PATIENCE)
        seen = [server.is_quiet]
        client.sendto(REQUEST, ("127.0.0.1", server.port))
        seen.append(server.is_quiet)
        go_on.set()
        assert client.recv(100)
        eventually(lambda: server.is_quiet)
    assert seen == [True, False]
