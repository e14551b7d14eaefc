"""The small SNTP server, by the bytes of RFC 4330."""

from __future__ import annotations

import socket

import pytest

from alink_sim.clock import ManualClock
from alink_sim.sntp import SntpServer, answer
from tests.waiting import PATIENCE

REQUEST = bytes([0x1B]) + bytes(39) + bytes.fromhex("0102030405060708")
# Half a second after 1970 began: RFC 868 gives 2208988800 seconds since 1900.
STAMP = "83aa7e80 80000000"


def test_the_answer_has_the_time_of_the_clock_and_the_stamp_of_the_request():
    got = answer(REQUEST, 0.5)
    assert got == bytes.fromhex(
        "1c 01 06 ec 00000000 00000000 53494d00" + STAMP + "0102030405060708" + STAMP + STAMP
    )


def test_the_version_of_the_request_comes_back():
    got = answer(bytes([0x23]) + REQUEST[1:], 0.0)
    assert got
    assert got[0] == 0x24


@pytest.mark.parametrize(
    "request_", [b"", REQUEST[:47], bytes([0x1C]) + REQUEST[1:]], ids=["empty", "short", "answer"]
)
def test_what_is_no_request_gets_no_answer(request_):
    assert answer(request_, 0.0) is None


def test_it_answers_over_udp_by_a_clock_that_is_advanced():
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
