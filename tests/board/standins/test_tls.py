"""ssl: mbedTLS verifies the chain; the board's clock decides about dates."""

from __future__ import annotations

import contextlib
import datetime as dt
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.board.conftest import Bench
from tests.firmware.certificates import Authority, authority, server_chain

HOST = "device.test"
FUTURE = r"ValueError('\nThe certificate validity starts in the future\n',)"
EXPIRED = r"ValueError('\nThe certificate validity has expired\n',)"
WRONG_HOST = (
    r"ValueError('\nThe certificate Common Name (CN) does not match with the expected CN\n',)"
)
UNKNOWN_ISSUER = r"ValueError('\nThe certificate is not correctly signed by the trusted CA\n',)"

BLOCKING = """
def talk():
    sock = socket.socket()
    sock.connect(("127.0.0.1", %(port)d))
    try:
        tls = context.wrap_socket(sock, server_hostname=%(host)r)
        tls.write(b"hello")
        return tls.read(5)
    finally:
        sock.close()
"""
DRIVEN = """
def talk():
    sock = socket.socket()
    sock.setblocking(False)
    try:
        sock.connect(("127.0.0.1", %(port)d))
    except OSError as error:
        assert error.errno == 119
    poll = select.poll()
    poll.register(sock, select.POLLOUT)
    assert poll.poll(10000)
    poll.unregister(sock)
    tls = context.wrap_socket(sock, server_hostname=%(host)r, do_handshake_on_connect=False)
    poll.register(tls, select.POLLOUT)
    try:
        while tls.write(b"hello") is None:
            assert poll.poll(10000), "the handshake stands still"
        poll.modify(tls, select.POLLIN)
        answer = None
        while answer is None:
            assert poll.poll(10000), "no answer"
            answer = tls.read(5)
        return answer
    finally:
        sock.close()
"""
MAIN = """
import errno, gc, machine, select, socket, ssl
machine.RTC().datetime((%(year)d, %(month)d, %(day)d, 0, 0, 0, 0, 0))
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.verify_mode = ssl.CERT_%(mode)s
with open("/ca.der", "rb") as file:
    context.load_verify_locations(cadata=file.read())
for _ in range(3):
    try:
        print(talk())
    except (OSError, ValueError) as error:
        print(repr(error))
    gc.collect()
"""


@pytest.fixture(scope="module")
def ca() -> Authority:
    return authority("board test root")


@contextlib.contextmanager
def served(chain: Path) -> Iterator[int]:
    """Return the port of a TLS echo server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)

    def serve(server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                peer, _ = server.accept()
                threading.Thread(target=talk, args=(peer,), daemon=True).start()

    def talk(peer: socket.socket) -> None:
        with contextlib.suppress(OSError), context.wrap_socket(peer, server_side=True) as tls:
            while data := tls.recv(4096):
                tls.sendall(data)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        yield server.getsockname()[1]


def program(way: str, *, port: int, year: int | None = None, mode: str = "REQUIRED") -> str:
    """Return firmware that connects three times in `year`; the certificates start today."""
    today = dt.datetime.now(dt.UTC)
    date = {"year": year or today.year, "month": today.month, "day": today.day}
    return way % {"port": port, "host": HOST} + MAIN % (date | {"mode": mode})


def talk(bench: Bench, ca: Authority, port: int, way: str, *, year: int | None = None,
         mode: str = "REQUIRED") -> str:  # fmt: skip
    main = program(way, port=port, year=year, mode=mode)
    lines = bench.run(main, files={"/ca.der": ca.der})
    assert lines == [lines[0]] * 3
    return lines[0]


@pytest.fixture(params=["blocking", "driven"])
def way(request: pytest.FixtureRequest) -> str:
    """The handshake: while wrapping, or by write and poll on a socket that never
    blocks."""
    return {"blocking": BLOCKING, "driven": DRIVEN}[request.param]


def test_valid_certificate_is_accepted(bench: Bench, ca: Authority, way, tmp_path):
    with served(server_chain(tmp_path, ca, host=HOST)) as port:
        assert talk(bench, ca, port, way) == "b'hello'"


def test_certificate_is_future_for_clock_in_2000(bench: Bench, ca, way, tmp_path):
    with served(server_chain(tmp_path, ca, host=HOST)) as port:
        assert talk(bench, ca, port, way, year=2000) == FUTURE


def test_certificate_is_expired_decades_ahead(bench: Bench, ca, way, tmp_path):
    with served(server_chain(tmp_path, ca, host=HOST)) as port:
        assert talk(bench, ca, port, way, year=2060) == EXPIRED


def test_certificate_for_another_host_is_refused(bench: Bench, ca: Authority, way, tmp_path):
    with served(server_chain(tmp_path, ca, host="other.test")) as port:
        assert talk(bench, ca, port, way) == WRONG_HOST


def test_certificate_with_only_a_common_name_is_accepted(bench: Bench, ca, way, tmp_path):
    # mbedTLS falls back to the common name; no setting of MicroPython turns that off.
    with served(server_chain(tmp_path, ca, host=HOST, has_san=False)) as port:
        assert talk(bench, ca, port, way) == "b'hello'"
    with served(server_chain(tmp_path, ca, host="other.test", has_san=False)) as port:
        assert talk(bench, ca, port, way) == WRONG_HOST


def test_certificate_of_unknown_issuer_is_refused(bench: Bench, ca: Authority, way, tmp_path):
    with served(server_chain(tmp_path, authority("another root"), host=HOST)) as port:
        assert talk(bench, ca, port, way) == UNKNOWN_ISSUER


def test_dates_are_ignored_without_verification(bench: Bench, ca: Authority, tmp_path):
    with served(server_chain(tmp_path, ca, host=HOST)) as port:
        assert talk(bench, ca, port, BLOCKING, year=2000, mode="NONE") == "b'hello'"


def test_poll_times_out_on_silent_peer(bench: Bench, ca: Authority):
    with socket.create_server(("127.0.0.1", 0)) as server:
        main = DRIVEN.replace("assert poll.poll(10000), ", "assert poll.poll(20), ").replace(
            "assert poll.poll(10000)\n", "assert poll.poll(10000)\n"
        )
        main = program(main, port=server.getsockname()[1])
        main = main.replace("(OSError, ValueError)", "AssertionError")
        assert (
            bench.run(main, files={"/ca.der": ca.der})
            == ["AssertionError('the handshake stands still',)"] * 3
        )
