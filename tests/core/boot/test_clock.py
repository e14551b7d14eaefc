"""clock.py: SNTP and HTTP replies, both NTP eras, replies that are not trusted."""

import socket

from alink import utc
from alink.boot import clock
from alink.errors import TransportError
from check import raises

COOKIE = b"\x01\x02\x03\x04\x05\x06\x07\x08"


def _answer(seconds, first=0x1C, stratum=2, cookie=COOKIE):
    return (
        bytes((first, stratum))
        + bytes(22)
        + cookie
        + bytes(8)
        + seconds.to_bytes(4, "big")
        + bytes(4)
    )


def test_an_sntp_answer_gives_seconds_since_1970():
    assert clock.from_ntp(_answer(4004445600), COOKIE) == 1795456800


def test_the_era_of_2036_is_understood():
    assert clock.from_ntp(_answer(1), COOKIE) == 2085978497


def test_untrustworthy_ntp_replies_are_refused():
    raises(TransportError, clock.from_ntp, _answer(4004445600)[:47], COOKIE)
    raises(TransportError, clock.from_ntp, _answer(4004445600, first=0x1B), COOKIE)
    raises(TransportError, clock.from_ntp, _answer(4004445600, stratum=0), COOKIE)
    raises(TransportError, clock.from_ntp, _answer(4004445600, stratum=16), COOKIE)
    raises(TransportError, clock.from_ntp, _answer(4004445600, cookie=b"somebody"), COOKIE)


def test_server_without_time_is_refused():
    raises(TransportError, clock.from_ntp, _answer(4004445600, first=0xDC), COOKIE)  # LI is 3.
    raises(TransportError, clock.from_ntp, _answer(0), COOKIE)


def test_time_outside_plausible_range_is_refused():
    for seconds in (0, 1793491199, 2524608000, 4102444800):
        assert not utc.is_set(seconds)
        raises(TransportError, clock._set, seconds)
    assert utc.is_set(1793491200) and utc.is_set(2524607999)


def test_a_date_header_gives_seconds_since_1970():
    for date, seconds in (
        (b"Thu, 01 Jan 1970 00:00:00 GMT", 0),
        (b"Tue, 29 Feb 2000 12:00:01 GMT", 951825601),
        (b"Mon, 23 Nov 2026 18:00:00 GMT", 1795456800),
        (b"Wed, 31 Dec 2098 23:59:59 GMT", 4070908799),
    ):
        answer = b"HTTP/1.1 200 OK\r\nServer: x\r\nDate: " + date + b"\r\n\r\n"
        assert clock.from_http(answer) == seconds, date


def test_an_answer_without_a_date_is_refused():
    raises(TransportError, clock.from_http, b"HTTP/1.1 200 OK\r\n\r\n")
    raises(TransportError, clock.from_http, b"\r\nDate: Mon, 23 Foo 2026 18:00:00 GMT\r\n")


def test_time_counts_from_1970_on_every_interpreter():
    assert utc.now() > 1700000000
    assert utc.text(1795456800) == "2026-11-23T18:00:00Z"


def test_silence_of_all_sources_names_each_source():
    kept = clock.exchange
    asked, said = [], []

    def exchange(host, port, request, kind, feed):
        asked.append((host, port, kind == socket.SOCK_DGRAM))
        raise TransportError("silence")

    clock.exchange = exchange
    try:
        assert not clock.ask_time(b"a.example,b.example:1123", None, said.append)
    finally:
        clock.exchange = kept
    names = "a.example", "b.example:1123", clock.HTTP_HOST
    assert asked == [(names[0], 123, True), ("b.example", 1123, True), (names[2], 80, False)]
    assert len(said) == 1
    for name in names:
        assert name + ": silence" in said[0]
