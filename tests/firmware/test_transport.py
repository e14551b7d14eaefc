"""Dialling real TLS servers with real mbedTLS: every failure has its own sentence.

The dialler is the firmware's `transport`, `connection` and `mqtt` on MicroPython; the servers are
sockets on loopback, one fault each.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from alink_sim import toolchain
from tests.firmware import certificates
from tests.waiting import PATIENCE

HOST = "iot.example"
HERE = Path(__file__).resolve().parent
THIN = HERE.parents[1] / "benchmarks" / "device"
CONNACK = b"\x20\x02\x00\x00"


@pytest.fixture(scope="module")
def ca() -> certificates.Authority:
    return certificates.authority("Test Root")


@pytest.fixture
def dial(
    interpreter: toolchain.Interpreter, ca: certificates.Authority, tmp_path: Path
) -> Callable[..., dict[str, Any]]:
    root = tmp_path / "root.der"
    root.write_bytes(ca.der)

    def run(
        port: int, *, host: str = HOST, roots: str = "", budget: float = PATIENCE * 1000
    ) -> dict[str, Any]:
        path = [toolchain.firmware_dir(), toolchain.umqtt_simple(), ".frozen"]
        if interpreter.name == "unix32":
            path.insert(0, THIN)  # It has no built-in `ssl`.
        shims = HERE.parent / "core"
        done = subprocess.run(
            [
                *interpreter.command,
                str(HERE / "upy" / "dialler.py"),
                host,
                str(port),
                roots or str(root),
                str(round(budget)),
            ],
            env=os.environ | {"MICROPYPATH": ":".join(map(str, [*path, shims]))},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return said

    return run


@contextmanager
def _listening(serve: Callable[[socket.socket], object]) -> Iterator[int]:
    """Serve one connection in a thread; yield the port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        try:
            peer, _ = listener.accept()
            with peer:
                serve(peer)
        except OSError:
            pass  # The client went away, or the test is over.

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()
        thread.join(PATIENCE)


def _tls_server(chain: Path, after: Callable[[ssl.SSLSocket], object]) -> Callable[[Any], None]:
    def serve(peer: socket.socket) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        with context.wrap_socket(peer, server_side=True) as tls:
            after(tls)

    return serve


def _accept(tls: ssl.SSLSocket) -> None:
    tls.recv(512)
    tls.sendall(CONNACK)
    tls.recv(1)


def test_a_good_certificate_is_accepted(dial, ca, tmp_path) -> None:
    chain = certificates.server_chain(tmp_path, ca, host=HOST)
    with _listening(_tls_server(chain, _accept)) as port:
        assert dial(port)["error"] is None


def test_one_of_two_roots_is_enough(dial, ca, tmp_path) -> None:
    chain = certificates.server_chain(tmp_path, ca, host=HOST)
    (tmp_path / "a.der").write_bytes(certificates.authority("Another Root").der)
    (tmp_path / "b.der").write_bytes(ca.der)
    with _listening(_tls_server(chain, _accept)) as port:
        assert dial(port, roots=f"{tmp_path}/a.der,{tmp_path}/b.der")["error"] is None


@pytest.mark.parametrize(
    ("certificate", "says"),
    [
        ({"host": HOST, "starts": -30, "ends": -1}, "has expired (this board's clock says 20"),
        ({"host": HOST, "starts": 2, "ends": 30}, "is not yet valid (this board's clock says 20"),
        ({"host": "evil.example"}, "is for another host"),
    ],
    ids=["expired", "not yet valid", "wrong host"],
)
def test_a_bad_certificate_is_one_typed_error(dial, ca, tmp_path, certificate, says) -> None:
    chain = certificates.server_chain(tmp_path, ca, **certificate)
    with _listening(_tls_server(chain, _accept)) as port:
        said = dial(port)
    assert said["error"] == "VerifyError"
    assert said["text"].startswith(f"the certificate of {HOST}:{port} {says}"), said["text"]
    assert not said["written"]


def test_an_unknown_issuer_is_one_typed_error(dial, tmp_path) -> None:
    chain = certificates.server_chain(tmp_path, certificates.authority("Somebody Else"), host=HOST)
    with _listening(_tls_server(chain, _accept)) as port:
        said = dial(port)
    assert said["error"] == "VerifyError"
    assert said["text"].endswith("has an unknown issuer")


def test_a_root_that_is_not_der_is_named(dial, tmp_path) -> None:
    (tmp_path / "bad.der").write_bytes(b"not a certificate")
    said = dial(1, roots=str(tmp_path / "bad.der"))
    assert said["error"] == "VerifyError"
    assert "root certificate 0 is not DER" in said["text"]


def test_a_closed_port_is_a_transport_error(dial) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    said = dial(port)
    assert said["error"] == "TransportError"
    assert f"{HOST}:{port}" in said["text"]


def test_hang_up_in_handshake_raises_transport_error(dial) -> None:
    with _listening(lambda peer: None) as port:
        said = dial(port)
    assert said["error"] == "TransportError"
    assert not said["written"]


def test_mute_peer_times_out_and_watchdog_is_fed(dial) -> None:
    done = threading.Event()
    with _listening(lambda peer: done.wait(PATIENCE)) as port:
        said = dial(port, budget=2500)
        done.set()
    assert said["error"] == "TransportError"
    assert "handshake or write timed out" in said["text"]
    assert said["fed"] >= 2  # Once before DNS, then while it waits.


def test_trickling_handshake_ends_at_its_deadline(dial) -> None:
    done = threading.Event()

    def dribble(peer: socket.socket) -> None:
        for byte in b"\x16\x03\x03\x40\x00" + bytes(2000):
            if done.wait(0.05):
                return
            peer.sendall(bytes((byte,)))

    with _listening(dribble) as port:
        said = dial(port, budget=1500)
        done.set()
    assert said["error"] == "TransportError"


def test_missing_connack_raises_transport_error(dial, ca, tmp_path) -> None:
    chain = certificates.server_chain(tmp_path, ca, host=HOST)
    for budget in (2000, 8000, 32000, 128000):
        with _listening(_tls_server(chain, lambda tls: tls.recv(512) and tls.recv(1))) as port:
            said = dial(port, budget=budget)  # The server reads CONNECT, then waits for more.
        if said["written"]:
            break  # Else a busy machine took longer than that for the handshake.
    assert said["error"] == "TransportError"
    assert "does not answer CONNECT" in said["text"]
    assert said["written"]


def test_connack_byte_by_byte_is_understood(dial, ca, tmp_path) -> None:
    def dribble(tls: ssl.SSLSocket) -> None:
        tls.recv(512)
        for byte in CONNACK:
            tls.sendall(bytes((byte,)))
        tls.recv(1)

    chain = certificates.server_chain(tmp_path, ca, host=HOST)
    with _listening(_tls_server(chain, dribble)) as port:
        assert dial(port)["error"] is None


def test_close_before_connack_raises_transport_error(dial, ca, tmp_path) -> None:
    chain = certificates.server_chain(tmp_path, ca, host=HOST)
    with _listening(_tls_server(chain, lambda tls: tls.recv(512))) as port:
        said = dial(port)
    assert said["error"] == "TransportError"
    assert said["written"]
