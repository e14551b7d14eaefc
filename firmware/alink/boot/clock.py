"""Time before TLS: a certificate has dates, and a cold ESP32 believes it is 2000-01-01.

SNTP from a list of hosts first, then the Date header of an HTTP server where UDP 123 is blocked.
Neither is authenticated. An attacker that forges them can at most make this board accept an
expired certificate of the pinned root. Works with the epoch of 2000 (ESP32) and of 1970 (unix).
"""

import os
import select
import socket
from time import ticks_add, ticks_diff, ticks_ms

import machine
from micropython import const

from .. import heap
from ..errors import TransportError

transport = heap.load("session.transport")
utc = heap.load("utc")

HTTP_HOST = "www.aliyun.com"

_NTP_HOSTS = const("ntp.aliyun.com,ntp1.aliyun.com,pool.ntp.org")
_ANSWER_MS = const(3000)
_FROM_1900 = const(2208988800)  # NTP counts seconds from 1900, Unix from 1970.
_MONTHS = const(b"JanFebMarAprMayJunJulAugSepOctNovDec")


def ask_time(ntp_host, feed, log):
    """Set the clock from the first source that answers; return whether one did.

    `ntp_host` is the burned NtpHost, bytes of "name" or "name:port" separated by commas, or None;
    `feed()` is called before each wait. The log names the source, or every source that failed.
    """
    hosts = (ntp_host.decode() if ntp_host else _NTP_HOSTS).split(",")
    tried = []
    for host in hosts + [HTTP_HOST]:
        http = host is HTTP_HOST
        try:
            _set((_ask_http if http else _ask_ntp)(host, feed))
        except TransportError as error:
            tried.append("%s: %s" % (host, error))
        else:
            source = "HTTP Date" if http else "NTP"
            log("clock set to %s by %s from %s" % (utc.text(utc.now()), source, host))
            return True
    log(
        "clock not set: it says %s and no source of time answers (%s); allow UDP 123 or burn "
        "NtpHost" % (utc.text(utc.now()), "; ".join(tried))
    )
    return False


def from_ntp(answer, cookie):
    """Return the seconds since 1970 in a 48-byte SNTP answer to `cookie` (RFC 4330)."""
    if len(answer) < 48 or answer[0] & 7 != 4 or not 1 <= answer[1] <= 15:
        raise TransportError("its answer is not from a synchronized NTP server")
    if answer[0] & 0xC0 == 0xC0 or answer[40:48] == bytes(8):
        raise TransportError("its NTP server has no time itself")
    if answer[24:32] != cookie:
        raise TransportError("its answer does not belong to our request")
    seconds = answer[40] << 24 | answer[41] << 16 | answer[42] << 8 | answer[43]
    if not seconds & 0x80000000:
        seconds += 1 << 32  # The era that begins in 2036.
    return seconds - _FROM_1900


def from_http(answer):
    """Return the seconds since 1970 in the Date header of an HTTP answer (RFC 9110, 5.6.7)."""
    at = answer.lower().find(b"\ndate:")
    parts = answer[at + 6 : at + 48].split()
    try:
        day, year = int(parts[1]), int(parts[3])
        month = _MONTHS.index(parts[2]) // 3 + 1
        hour, minute, second = map(int, parts[4].split(b":"))
    except (ValueError, IndexError):
        raise TransportError("its answer has no Date header")
    # Days from 1970-03-01 to the date, the year beginning in March.
    year -= month < 3
    days = 365 * year + year // 4 - year // 100 + year // 400 + (153 * ((month + 9) % 12) + 2) // 5
    return ((days + day - 719469) * 24 + hour) * 3600 + minute * 60 + second


def _ask_ntp(host, feed):
    cookie = os.urandom(8)
    request = b"\x1b" + bytes(39) + cookie
    return from_ntp(exchange(*_split(host, 123), request, socket.SOCK_DGRAM, feed), cookie)


def _ask_http(host, feed):
    name, port = _split(host, 80)
    request = "HEAD / HTTP/1.0\r\nHost: %s\r\n\r\n" % name
    return from_http(exchange(name, port, request.encode(), socket.SOCK_STREAM, feed))


def _split(host, port):
    if ":" in host:
        host, _, digits = host.partition(":")
        port = int(digits)
    return host, port


def _set(seconds):
    if not utc.is_set(seconds):
        raise TransportError(
            "it says %s, which is not between 2026-11 and 2049" % utc.text(seconds)
        )
    year, month, day, hour, minute, second = utc.gmtime(seconds)[:6]
    machine.RTC().datetime((year, month, day, 0, hour, minute, second, 0))


def exchange(host, port, request, kind, feed):
    """Send `request` in clear; return what comes back: as long a datagram, or 512 bytes of TCP.

    `kind` is the socket's. `feed()` is called before each wait. Raises TransportError after 3 s.
    """
    if feed:
        feed()
    address = transport.resolve(host, port, kind)
    sock = socket.socket(socket.AF_INET, kind)
    poll = select.poll()
    end = ticks_add(ticks_ms(), _ANSWER_MS)
    try:
        transport.connect(sock, address)
        for event in (select.POLLOUT, select.POLLIN):
            if feed:
                feed()
            poll.register(sock, event)
            if not poll.poll(max(0, ticks_diff(end, ticks_ms()))):
                raise TransportError("no answer within %d ms" % _ANSWER_MS)
            if event == select.POLLOUT:
                sock.send(request)
        return sock.recv(len(request) if kind == socket.SOCK_DGRAM else 512)
    except OSError as error:
        raise TransportError("error %s" % error.errno)
    finally:
        sock.close()
