"""Rates of posts that are acknowledged once they are in the database, beside "received".

Each figure is the rate of posts at QoS 1 with the setting `acknowledge` at "committed", over that
at "received", on one SQLite file; loopback, plain TCP.
"""

from __future__ import annotations

import statistics
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from alink_sim.platform import Platform, Settings
from alink_sim.platform.access.auth import signature
from benchmarks.mqtt_flood import Flood

_PK, _NAME = "a1Bench0002", "bench-0003"
_POSTS, _ROUNDS = 300, 7


@dataclass(frozen=True)
class AcknowledgeCost:
    """Rates of committed over received posts: with one in flight, and with twenty."""

    one: float
    twenty: float


def measure(folder: Path) -> AcknowledgeCost:
    """Return the figures; `folder` is scratch."""
    with ExitStack() as stack:
        floods = [_flood(stack, folder, how) for how in ("committed", "received")]
        return AcknowledgeCost(_ratio(floods, 1), _ratio(floods, 20))


def rows(found: AcknowledgeCost) -> list[tuple[str, str, str]]:
    """Return the figures as rows of the table."""
    what = "posts a second, acknowledged when committed over when received"
    return [
        (f"{what}, one in flight", f"{found.one:.2f}", ""),
        (f"{what}, 20 in flight", f"{found.twenty:.2f}", ""),
    ]


def _flood(stack: ExitStack, folder: Path, how: str) -> Flood:
    url = f"sqlite:///{folder / how}.db"
    platform = stack.enter_context(
        Platform(ca=folder / "ca", database_url=url, settings=Settings(acknowledge=how))
    )
    platform.console.create_product(key=_PK)
    device = platform.console.add_device(_PK, _NAME)
    content = f"clientIdbenchdeviceName{_NAME}productKey{_PK}"
    password = signature("hmacsha256", device.secret, content)
    return stack.enter_context(Flood(platform.mqtt_port, _PK, _NAME, password))


def _ratio(floods: list[Flood], window: int) -> float:
    # Pair by pair, so that a change of the machine's speed hits both.
    pairs = [[_seconds(flood, window) for flood in floods] for _ in range(_ROUNDS)]
    return statistics.median(received / committed for committed, received in pairs)


def _seconds(flood: Flood, window: int) -> float:
    start = time.perf_counter()
    flood.post(_POSTS, window=window)
    return time.perf_counter() - start
