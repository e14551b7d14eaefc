"""Ports that silent, slow or many clients cannot take: times, numbers, memory."""

from __future__ import annotations

import asyncio
import resource
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from alink_sim.platform import Platform, Settings
from alink_sim.platform.event_loop import SmallTlsLoop
from tests.platform.wire import ACCEPTED, Party, Wire
from tests.waiting import PATIENCE

PORTS = ("https_port", "openapi_port", "ota_port")
HEAD, IDLE = 0.4, 0.8  # Seconds; the defaults are longer.


@pytest.fixture
def quick(make_platform: Callable[..., Platform]) -> Platform:
    return make_platform(settings=Settings(http_head_seconds=HEAD, http_idle_seconds=IDLE))


@contextmanager
def dialled(platform: Platform, port: str, *, over_tls: bool = True) -> Iterator[socket.socket]:
    plain = socket.create_connection(("127.0.0.1", getattr(platform, port)), timeout=PATIENCE)
    context = ssl.create_default_context(cafile=platform.ca_pem)
    with plain:
        if not over_tls:
            yield plain
            return
        with context.wrap_socket(plain, server_hostname="localhost") as secure:
            yield secure


def ends(connection: socket.socket) -> bytes:
    """Return what comes until the platform ends a connection; fails where it does not."""
    got = b""
    try:
        while part := connection.recv(65536):
            got += part
    except (ConnectionResetError, ssl.SSLError):
        pass
    return got


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("sent", [b"", b"P", b"POST / HTTP/1.1\r\nHost: localhost\r\n"])
def test_client_without_a_whole_head_is_cut(quick: Platform, port: str, sent: bytes):
    with dialled(quick, port) as connection:
        connection.sendall(sent)
        assert ends(connection) == b""
    assert "no whole head of a request within" in quick.expect("connect_timeout").reason


def test_slow_head_ends_the_connection(quick: Platform):
    with dialled(quick, "openapi_port", over_tls=False) as connection:
        begun = time.monotonic()
        connection.sendall(b"GET /")
        with pytest.raises(OSError):  # noqa: PT012
            while time.monotonic() < begun + PATIENCE:
                connection.sendall(b"a")
                time.sleep(0.05)
    assert quick.expect("connect_timeout").reason.startswith("no whole head")


def test_body_that_stops_is_cut(quick: Platform):
    head = b"POST /auth HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
    with dialled(quick, "https_port") as connection:
        connection.sendall(head + b"Content-Length: 100\r\n\r\n{")
        ends(connection)
    assert "no more of a request's body within" in quick.expect("connect_timeout").reason


def test_connection_is_reusable_and_ends_when_idle(make_platform: Callable[..., Platform]):
    # A starved client is late with its next request: only a much later one is idle.
    limits = Settings(http_head_seconds=HEAD, http_idle_seconds=10 * HEAD)
    platform = make_platform(settings=limits)
    request = b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with dialled(platform, "https_port") as connection:
        for _ in range(3):
            connection.sendall(request)
            assert connection.recv(65536).startswith(b"HTTP/1.1 404")
            time.sleep(HEAD * 0.8)
        ends(connection)
    assert "no further request within" in platform.expect("connect_timeout").reason


MALFORMED = [
    b"\x00\x01\x02\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost\r\n\r\n",
    b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    b"GET / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
    b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc",
    b"GET / HTTP/1.1\r\n" + b"A: " + b"b" * 100_000 + b"\r\n\r\n",
    b"GET /\xff\xfe HTTP/1.1\r\nHost: \xff\r\n\r\n",
    b"GET http://[ HTTP/1.1\r\nHost: h\r\n\r\n",
    b"POST /auth HTTP/1.1\r\nHost: \xd1h\r\nContent-Length: 2\r\n\r\n{}",
    b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET /x HTTP/1.1\r\nHost: h\r\nExpect: \x80\r\n\r\n",
    b"POST /?%ff=%zz HTTP/1.1\r\nHost: h\r\nx-acs-action: \xff\r\nContent-Length: 0\r\n\r\n",
    (
        b"POST / HTTP/1.1\r\nHost: h\r\nAuthorization: ACS3-HMAC-SHA256 Credential=a,"
        b"SignedHeaders=host;\xff,Signature=00\r\nx-acs-date: \xff\r\n"
        b"x-acs-signature-nonce: \xff\r\n"
        b"x-acs-action: QueryDevice\r\nx-acs-version: 2018-01-20\r\nContent-Length: 0\r\n\r\n"
    ),
]


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("request_bytes", MALFORMED)
def test_malformed_request_leaves_no_traceback(
    platform: Platform, port: str, request_bytes: bytes, caplog: pytest.LogCaptureFixture
):
    with dialled(platform, port) as connection:
        connection.settimeout(1)
        # The platform may close before it has read all of a long head.
        with suppress(OSError, ssl.SSLError):
            connection.sendall(request_bytes)
            connection.recv(65536)
    with dialled(platform, port) as connection:
        connection.sendall(b"GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        assert ends(connection).startswith(b"HTTP/1.1 4")
    assert not [record for record in caplog.records if record.exc_info]
    assert not platform.events(kind="platform_error")


# Numbers


def test_full_platform_backs_off_and_serves_again(make_platform: Callable[..., Platform]):
    platform = make_platform(settings=Settings(max_connections=20))
    product = platform.console.create_product()
    party = Party.of(product, platform.console.add_device(product.key, "dev-1"))
    with ExitStack() as stack:
        for _ in range(60):
            stack.enter_context(dialled(platform, "mqtt_port", over_tls=False))
        reason = platform.expect("connection_failed", timeout=PATIENCE).reason
        assert reason == "20 connections are open, the limit; clients wait until one leaves"
        time.sleep(1)
        assert len(platform.events(kind="connection_failed")) < 6  # One a port, each ten seconds.
        assert platform.console.products()  # An operator is answered.
    with Wire.tls(platform) as wire:
        assert wire.ask(party.log_in()) == ACCEPTED


def test_file_descriptors_are_left_for_the_administration(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (256, hard))
    assert platform._core.connections.limit == 256 - 64
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (soft, hard))
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (65536, hard))
    assert platform._core.connections.limit == 20_000


# Memory

# A platform in a separate process, so that the count excludes its clients.
SERVING = """
import sys
from alink_sim.platform import Platform, Settings
settings = Settings(registration_seconds=600, http_head_seconds=600)
with Platform(settings=settings, ecdsa=True) as platform:
    print(platform.https_port, platform.mqtt_tls_port, platform.ca_pem, flush=True)
    sys.stdin.read()
"""
CONNECTIONS = 200


def resident(process: int) -> int:
    """Return the bytes of memory that a process has."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


@pytest.mark.parametrize("at", ["HTTPS", "MQTT"])
def test_idle_tls_connection_takes_45_kilobytes_at_most(
    at: str, record_property: Callable[[str, object], None]
):
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", SERVING]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as served:
        assert served.stdout
        https, mqtt, ca = served.stdout.readline().split()
        context = ssl.create_default_context(cafile=ca)

        def dial(stack: ExitStack, port: str, count: int) -> None:
            for _ in range(count):
                plain = socket.create_connection(("127.0.0.1", int(port)), PATIENCE)
                stack.enter_context(context.wrap_socket(plain, server_hostname="localhost"))

        try:
            port = https if at == "HTTPS" else mqtt
            with ExitStack() as stack:
                dial(stack, port, 10)
                before = resident(served.pid)
                dial(stack, port, CONNECTIONS)
                each = (resident(served.pid) - before) / CONNECTIONS / 1024
            record_property("counted", f"idle TLS, {at}: {each:.0f} KB each")
            assert each <= 45
        finally:
            served.kill()


def test_small_loop_reads_records_of_any_size(make_platform: Callable[..., Platform]):
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(100_000))
        await writer.drain()

    platform = make_platform()
    sent = bytes(range(250)) * 400

    async def run() -> bytes:
        server = await asyncio.start_server(
            echo, "127.0.0.1", 0, ssl=platform.authority.server_context()
        )
        port = server.sockets[0].getsockname()[1]
        context = ssl.create_default_context(cafile=platform.ca_pem)
        reader, writer = await asyncio.open_connection("localhost", port, ssl=context)
        writer.write(sent)
        got = await reader.readexactly(len(sent))
        writer.close()
        server.close()
        return got

    loop = SmallTlsLoop()
    try:
        assert loop.run_until_complete(asyncio.wait_for(run(), PATIENCE)) == sent
    finally:
        loop.close()
