"""socket, select, errno: behavior of an ESP32 that differs from a unix port."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from alink_sim.board import FOREVER
from alink_sim.clock import ManualClock
from tests.board.conftest import Bench, turn, wait_until_waiting


@pytest.fixture
def mute() -> Iterator[int]:
    """Return the port of a server that accepts and sends nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


@pytest.fixture
def closed() -> Iterator[int]:
    """Return a port that refuses connections: it is bound, but does not listen."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield int(sock.getsockname()[1])


@pytest.fixture
def echo() -> Iterator[int]:
    """Return the port of a server that echoes everything, then closes."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_serve, args=(server,), daemon=True).start()
        yield int(server.getsockname()[1])


def _serve(server: socket.socket) -> None:
    try:
        while True:
            with server.accept()[0] as peer:
                while data := peer.recv(4096):
                    peer.sendall(data)
    except OSError:
        pass


def _hang_up(server: socket.socket) -> None:
    server.accept()[0].close()


def test_errno_has_esp32_numbers(bench: Bench):
    lines = bench.run(
        """
        # Not errno.ETIMEDOUT: the compiler of the interpreter has its own number for that.
        from errno import ETIMEDOUT, EINPROGRESS, EHOSTUNREACH, ENOTCONN
        from errno import ECONNRESET, ECONNREFUSED, EAGAIN
        import errno
        print(ETIMEDOUT, EINPROGRESS, EHOSTUNREACH, ENOTCONN)
        print(ECONNRESET, ECONNREFUSED, EAGAIN)
        print(errno.errorcode[116], errno.errorcode[119], errno.errorcode.get(110))
        """
    )
    assert lines == ["116 119 118 128", "104 111 11", "ETIMEDOUT EINPROGRESS None"]


def test_refused_connection_raises_connection_reset(bench: Bench, closed: int):
    lines = bench.run(
        f"""
        import socket
        try:
            socket.socket().connect(("127.0.0.1", {closed}))
        except OSError as error:
            print(error.errno)
        """
    )
    assert lines == ["104"]


def test_nonblocking_refused_connection_raises_reset(bench: Bench, closed: int):
    lines = bench.run(
        f"""
        import select, socket
        sock = socket.socket()
        sock.setblocking(False)
        try:
            sock.connect(("127.0.0.1", {closed}))
        except OSError as error:
            print(error.errno)
        poll = select.poll()
        poll.register(sock, select.POLLOUT)
        print(poll.poll(5000)[0][1] & (select.POLLERR | select.POLLHUP) != 0)
        try:
            sock.write(b"x")
        except OSError as error:
            print(error.errno)
        """
    )
    assert lines == ["119", "True", "104"]


def test_only_hosts_file_names_resolve(bench: Bench):
    lines = bench.run(
        """
        import socket
        for host in ("plain.test", "a.b.aliyuncs.com", "10.1.2.3", "aliyuncs.com", "other.test"):
            try:
                print(socket.getaddrinfo(host, 80)[0][-1])
            except OSError as error:
                print(error.args)
        """
    )
    assert lines == [
        "('127.0.0.2', 80)",
        "('127.0.0.1', 80)",
        "('10.1.2.3', 80)",
        "(-202,)",
        "(-202,)",
    ]


def test_socket_sends_and_receives_bytes(bench: Bench, echo: int):
    lines = bench.run(
        f"""
        import socket
        sock = socket.socket()
        sock.connect(socket.getaddrinfo("127.0.0.1", {echo})[0][-1])
        print(sock.write(b"hello\\nworld" * 1000), sock.read(5), sock.recv(1), sock.readline())
        data = bytearray(4)
        print(sock.readinto(data), data, len(sock.read(10979)), sock.send(b"x"), sock.recv(9))
        sock.close()
        sock.close()
        """
    )
    assert lines == [
        "11000 b'hello' b'\\n' b'worldhello\\n'",
        "4 bytearray(b'worl') 10979 1 b'x'",
    ]


def test_second_close_keeps_newer_socket_open(bench: Bench, echo: int):
    lines = bench.run(
        f"""
        import socket
        first = socket.socket()
        first.close()
        second = socket.socket()  # Reuses the first descriptor number.
        first.close()
        second.connect(("127.0.0.1", {echo}))
        second.write(b"alive")
        print(second.read(5))
        """
    )
    assert lines == ["b'alive'"]


def test_end_of_file_is_empty_bytes(bench: Bench):
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_hang_up, args=(server,), daemon=True).start()
        lines = bench.run(
            f"""
            import socket
            sock = socket.socket()
            sock.connect(("127.0.0.1", {server.getsockname()[1]}))
            print(sock.recv(1), sock.read(1), sock.readinto(bytearray(1)))
            """
        )
    assert lines == ["b'' b'' 0"]


def test_nonblocking_read_without_data_is_eagain_or_none(bench: Bench, mute: int):
    lines = bench.run(
        f"""
        import socket
        sock = socket.socket()
        sock.connect(("127.0.0.1", {mute}))
        sock.setblocking(False)
        print(sock.read(1), sock.readinto(bytearray(1)))
        try:
            sock.recv(1)
        except OSError as error:
            print(error.errno)
        """
    )
    assert lines == ["None None", "11"]


def test_timeout_is_errno_116_on_clock(bench: Bench, mute: int, clock: ManualClock):
    board = bench.board(
        f"""
        import socket, time
        sock = socket.socket()
        sock.connect(("127.0.0.1", {mute}))
        sock.settimeout(2.5)
        begin = time.ticks_ms()
        try:
            sock.recv(1)
        except OSError as error:
            print("error", error.errno, time.ticks_diff(time.ticks_ms(), begin))
        """,
        clock=clock,
    )
    board.power_on()
    assert turn(clock, board, "error") == "error 116 2500"


def test_setblocking_drops_the_timeout(bench: Bench, mute: int, clock: ManualClock):
    board = bench.board(
        f"""
        import socket
        sock = socket.socket()
        sock.connect(("127.0.0.1", {mute}))
        sock.settimeout(1)
        sock.setblocking(True)
        sock.recv(1)
        """,
        clock=clock,
    )
    board.power_on()
    assert wait_until_waiting(board, "poll") == FOREVER


def test_datagram_gets_a_reply(bench: Bench):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def answer() -> None:
            data, peer = server.recvfrom(100)
            server.sendto(data.upper(), peer)

        threading.Thread(target=answer, daemon=True).start()
        lines = bench.run(
            f"""
            import socket
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.settimeout(10)
            sock.sendto(b"time?", ("127.0.0.1", {server.getsockname()[1]}))
            print(sock.recv(10))
            """
        )
    assert lines == ["b'TIME?'"]


def test_asyncio_streams_work(bench: Bench, echo: int):
    lines = bench.run(
        f"""
        import asyncio
        async def main():
            reader, writer = await asyncio.open_connection("127.0.0.1", {echo})
            writer.write(b"line\\n")
            await writer.drain()
            print(await reader.readline())
            writer.close()
        asyncio.run(main())
        """
    )
    assert lines == ["b'line\\n'"]
