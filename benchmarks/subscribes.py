"""A ping of one device behind the longest SUBSCRIBE of another.

The figure is a ratio of one run: the time until the platform has dealt with a SUBSCRIBE of 256 KB,
which holds 65,511 filters, and answers the ping of another device, over the same for a PUBLISH of
as many bytes; loopback, plain TCP.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from alink_sim.platform import Platform
from alink_sim.platform.access.auth import signature
from benchmarks.mqtt_flood import Flood, packet, text

_PK = "a1Bench0003"
_FILTERS = 65_511
_ROUNDS = 51


def measure(folder: Path) -> float:
    """Return the ratio; `folder` is scratch."""
    with Platform(ca=folder / "ca") as platform:
        product = platform.console.create_product(key=_PK)
        filters = b"\0\1" + (text("a") + b"\0") * _FILTERS
        head = text(f"/{product.key}/flood/user/update") + b"\0\1"
        packets = packet(0x82, filters), packet(0x32, head + bytes(len(filters) - len(head)))
        with _session(platform, "pings") as pings:
            # Pair by pair, so that a change of the machine's speed hits both.
            pairs = [[_seconds(platform, pings, one) for one in packets] for _ in range(_ROUNDS)]
    return statistics.median(subscribe / publish for subscribe, publish in pairs)


def rows(ratio: float) -> list[tuple[str, str, str]]:
    """Return the figure as a row of the table."""
    what = f"a ping behind a SUBSCRIBE of {_FILTERS} filters, over one behind a PUBLISH as long"
    return [(what, f"{ratio:.2f}", "at most 3")]


def _seconds(platform: Platform, pings: Flood, sent: bytes) -> float:
    with _session(platform, "flood") as flood:  # The SUBSCRIBE ends its session.
        start = time.perf_counter()
        flood.send(sent)
        pings.ping()
        return time.perf_counter() - start


def _session(platform: Platform, name: str) -> Flood:
    device = platform.console.add_device(_PK, name)
    password = signature(
        "hmacsha256", device.secret, f"clientIdbenchdeviceName{name}productKey{_PK}"
    )
    return Flood(platform.mqtt_port, _PK, name, password)


if __name__ == "__main__":
    import sys
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        for row in rows(measure(Path(name))):
            sys.stdout.write("  ".join(row) + "\n")
