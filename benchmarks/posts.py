"""Property posts over TLS: bytes on the wire, and posts a second beside umqtt.simple.

One platform, one payload of 83 bytes, the 32-bit interpreter, loopback; the rates show only that
no post waits for a delayed acknowledgment.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
from dataclasses import dataclass
from pathlib import Path

from alink_formats import identity
from alink_sim import toolchain
from alink_sim.patience import patience
from alink_sim.platform import Platform, Settings
from alink_sim.platform.access.auth import signature
from benchmarks import heap
from benchmarks.proxy import Proxy

_NAME = "bench-0002"
_MANY, _FEW = 10000, 20  # umqtt.simple takes 43 ms for one at QoS 1.
_PAIRS = 5


@dataclass(frozen=True)
class Posts:
    """Bytes a post at QoS 0 from the device; posts a second over those of umqtt.simple."""

    bytes_sdk: int
    bytes_umqtt: int
    qos0_ratio: float
    qos1_ratio: float


def measure(folder: Path) -> Posts:
    """Return the figures; `folder` is scratch. Raises ToolchainError without unix32."""
    heap.compile_all(folder)
    with Platform(settings=Settings(auto_deliver="never")) as platform:
        product = platform.console.create_product()
        device = platform.console.add_device(product.key, _NAME)
        (folder / "ca.der").write_bytes(platform.ca_der)
        burned = identity.Identity(
            product_key=product.key,
            device_secret=device.secret,
            device_name=_NAME,
            host="localhost",
            ca=(platform.ca_der,),
        )
        (folder / "fctry0").write_bytes(identity.encode(burned))
        content = f"clientIdbenchdeviceName{_NAME}productKey{product.key}"
        login = [
            "bench|securemode=2,signmethod=hmacsha256|",
            f"{_NAME}&{product.key}",
            signature("hmacsha256", device.secret, content),
            f"/{product.key}/{_NAME}/user/update",
        ]

        def post(who: str, count: int, qos: int, port: int) -> int:
            words = [who, str(count), str(qos), "localhost", str(port), *login]
            return _run(folder, words)

        def wire(who: str) -> int:
            with contextlib.closing(Proxy(platform.mqtt_tls_port)) as proxy:
                post(who, 0, 0, proxy.port)
                login_only = proxy.wait_for_ends(1)
                post(who, 200, 0, proxy.port)
                return round((proxy.wait_for_ends(2) - 2 * login_only) / 200)

        direct = platform.mqtt_tls_port

        def ratio(qos: int, bare: int) -> float:
            # Pair by pair, so that a change of the machine's speed hits both.
            pairs = [
                (post("umqtt", bare, qos, direct) / bare, post("sdk", _MANY, qos, direct) / _MANY)
                for _ in range(_PAIRS)
            ]
            return statistics.median(umqtt / sdk for umqtt, sdk in pairs)

        return Posts(
            bytes_sdk=wire("sdk"),
            bytes_umqtt=wire("umqtt"),
            qos0_ratio=ratio(0, _MANY),
            qos1_ratio=ratio(1, _FEW),
        )


def _run(folder: Path, words: list[str]) -> int:
    done = subprocess.run(
        [*toolchain.interpreter("unix32").command, "-X", "heapsize=400k", "-m", "post", *words],
        cwd=folder,
        env=os.environ | {"MICROPYPATH": ".:.frozen"},
        capture_output=True,
        text=True,
        timeout=patience(),
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"post {words[:3]} failed: {done.stdout}{done.stderr}")
    return int(done.stdout.split()[-1])
