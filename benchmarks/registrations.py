"""Complete registrations per second on the platform, relative to bare TLS handshakes.

Two client processes keep one server busy; the server is the platform (TLS, CONNECT, its signature,
the commit to SQLite on disk, the pushed DeviceSecret) or an asyncio server that only shakes hands.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import socket
import ssl
import statistics
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from alink_sim.platform import Platform
from alink_sim.platform.access.auth import signature

_CLIENTS = 2
_EACH = 60
_PAIRS = 5


def measure(folder: Path) -> float:
    """Return registrations a second over handshakes a second; `folder` is scratch."""
    with Platform(state=folder / "registrations") as platform:
        product = platform.console.create_product()
        names = [f"bench-{number:05}" for number in range(_PAIRS * _CLIENTS * _EACH)]
        for name in names:
            platform.console.add_device(product.key, name)
        connects = [_connect(name, product.key, product.secret) for name in names]
        with _handshakes(platform.authority.server_context()) as bare_port:
            ratios = []
            for pair in range(_PAIRS):
                first = pair * _CLIENTS * _EACH
                mine = connects[first : first + _CLIENTS * _EACH]
                bare = _seconds(platform.ca_pem, bare_port, [b""] * len(mine))
                registered = _seconds(platform.ca_pem, platform.mqtt_tls_port, mine)
                ratios.append(bare / registered)
    return statistics.median(ratios)


def _seconds(ca: Path, port: int, connects: list[bytes]) -> float:
    # The time of the slowest client; processes, because Python's threads share one processor.
    parts = [(ca, port, connects[at::_CLIENTS]) for at in range(_CLIENTS)]
    with multiprocessing.get_context("spawn").Pool(_CLIENTS) as pool:
        return max(pool.starmap(_exchange_all, parts, chunksize=1))


def _exchange_all(ca: Path, port: int, connects: list[bytes]) -> float:
    context = ssl.create_default_context(cafile=ca)
    start = time.perf_counter()
    for connect in connects:
        plain = socket.create_connection(("127.0.0.1", port), timeout=60)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # Else we time Nagle's wait.
        with context.wrap_socket(plain, server_hostname="localhost") as peer:
            if connect:
                peer.sendall(connect)
                answer = b""
                while b"deviceSecret" not in answer:
                    data = peer.recv(4096)
                    if not data:
                        raise RuntimeError(f"the platform refused a registration: {answer!r}")
                    answer += data
            else:
                peer.recv(1)  # The end: the server has finished its part too.
    return time.perf_counter() - start


@contextlib.contextmanager
def _handshakes(context: ssl.SSLContext) -> Iterator[int]:
    """Serve handshakes and nothing else; yield the port."""
    loop = asyncio.new_event_loop()

    async def end(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def listen() -> int:
        server = await asyncio.start_server(end, "127.0.0.1", 0, ssl=context)
        return int(server.sockets[0].getsockname()[1])

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield asyncio.run_coroutine_threadsafe(listen(), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _connect(name: str, product_key: str, product_secret: str) -> bytes:
    client_id = (
        f"{name}.{product_key}|securemode=2,authType=register,random=1,signmethod=hmacsha1|"
    )
    content = f"deviceName{name}productKey{product_key}random1"
    words = (client_id, f"{name}&{product_key}", signature("hmacsha1", product_secret, content))
    body = struct.pack(">H4sBBH", 4, b"MQTT", 4, 0xC2, 60)
    body += b"".join(struct.pack(">H", len(word)) + word.encode() for word in words)
    return bytes((0x10, len(body) & 0x7F | 0x80, len(body) >> 7)) + body
