"""The benchmark of recoveries: its proxy cuts at the given byte, and the SDK reconnects."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from alink_sim import toolchain
from benchmarks import recovery
from benchmarks.proxy import CuttingProxy
from tests.waiting import PATIENCE


@pytest.mark.parametrize("resets", [True, False])
def test_proxy_cuts_both_sides_at_the_byte(resets: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        proxy = CuttingProxy(server.getsockname()[1])
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=PATIENCE) as near:
            near.sendall(b"before")
            far, _ = server.accept()
            far.settimeout(PATIENCE)
            with far:
                assert far.recv(100) == b"before"
                proxy.cut_after(5, resets=resets)
                near.sendall(b"abc")
                assert far.recv(100) == b"abc"
                far.sendall(b"defgh")
                ended = []
                for end in (near, far):
                    got = b""
                    try:
                        while part := end.recv(100):
                            got += part
                    except ConnectionResetError:
                        pass
                    ended.append(got)
        assert proxy.cut.wait(PATIENCE)
        # A reset may overtake bytes that were sent before it.
        assert ended[0] in ((b"de", b"d", b"") if resets else (b"de",))
        assert ended[1] == b""
        proxy.close()


def test_sdk_reconnects_by_itself_after_each_cut(tmp_path: Path) -> None:
    if reason := toolchain.missing_reason("unix32"):
        pytest.skip(f"unix32: {reason}")
    found = recovery.measure(tmp_path, cuts=3)
    assert found["bench-sdk"].never == 0
    assert len(recovery.rows(found)) == 2
