"""A platform under the limits of its process, and clients that want all of it."""

from __future__ import annotations

import json
import multiprocessing
import resource
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from alink_sim.platform import Platform
from alink_sim.platform.control import client
from alink_sim.platform.control.serving import Serving, serve
from alink_sim.platform.control.state_directory import StateDir
from tests.platform.reader_count import texts_read
from tests.platform.wire import ACCEPTED, Party, Wire, packet, text
from tests.reliability.test_crash import PRODUCT, log_in
from tests.waiting import PATIENCE, eventually

DESCRIPTORS = 256
CLIENTS = 400
SECRET = "0123456789abcdef" * 2
FILTERS = 65_511  # As many as 256 KB hold.

_processes = multiprocessing.get_context("forkserver")


def _serve(folder: Path, ready: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
    serving = Serving(
        state=folder,
        setup=folder / "world.json",
        ecdsa=True,
        assignments=("registration_seconds=600",),  # No client is cut meanwhile.
    )
    serve(serving, ready=ready.send)


@contextmanager
def limited(folder: Path) -> Iterator[dict[str, Any]]:
    """Run what `alink-sim platform` runs, with 256 file descriptors; yield its facts."""
    device = [{"name": "dev-1", "secret": SECRET}]
    world = {"product": [{"key": PRODUCT.key, "secret": PRODUCT.secret, "device": device}]}
    (folder / "world.json").write_text(json.dumps(world), encoding="utf-8")
    here, there = _processes.Pipe()
    process = _processes.Process(target=_serve, args=(folder, there))
    process.start()
    try:
        assert here.poll(PATIENCE), "the platform does not start"
        yield here.recv()
    finally:
        process.kill()
        process.join()


def test_full_platform_answers_its_operator(tmp_path: Path):
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    with limited(folder) as facts:
        state = StateDir(folder)
        address = ("127.0.0.1", facts["mqtt_port"])
        with ExitStack() as clients:
            for _ in range(CLIENTS):
                clients.enter_context(socket.create_connection(address, timeout=PATIENCE))

            def events(**wanted: str) -> list[Any]:
                found: list[Any] = client.call(state, "log.after", number=0, **wanted)["events"]
                return found

            eventually(lambda: events(kind="connection_failed"))
            for _ in range(20):
                assert client.call(state, "console.products")
            # One event a port in ten seconds: a loop that spins adds thousands.
            assert len(events(kind="connection_failed")) < 20
            assert len(events()) < 200
        with socket.create_connection(address, timeout=PATIENCE) as plain:
            wire = Wire(plain)
            assert wire.ask(log_in(Party(PRODUCT, "dev-1"), SECRET)) == ACCEPTED


def test_longest_subscribe_delays_no_ping(
    monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
):
    """Count what the platform does between a SUBSCRIBE of 256 KB and another client's ping."""
    read = texts_read(monkeypatch)
    body = b"\0\1" + (text("a") + b"\0") * FILTERS
    with Platform(ecdsa=True) as platform:
        product = platform.console.create_product(key=PRODUCT.key, secret=PRODUCT.secret)
        one, other = (
            Party.of(product, platform.console.add_device(product.key, name))
            for name in ("dev-1", "dev-2")
        )
        with Wire.tls(platform) as flood, Wire.tls(platform) as pings:
            assert flood.ask(one.log_in()) == ACCEPTED
            assert pings.ask(other.log_in()) == ACCEPTED
            read_before, before = read(), len(platform.events())
            flood.send(packet(0x82, body))
            assert flood.read() == b""  # It is over.
            assert pings.ask(b"\xc0\0") == b"\xd0\0"
            texts, events = read() - read_before, len(platform.events()) - before
    assert 0 < texts <= 257
    assert events <= 4  # The refusal and the end, not one for each filter.
    record_property(
        "counted", f"SUBSCRIBE of {FILTERS} filters: {texts} read, {events} events, then a ping"
    )
