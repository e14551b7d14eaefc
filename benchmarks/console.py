"""The web console's cost: a page of many devices, and messages a second while it is open.

Ratios of one run: a page of 10,000 devices over one of 100; the message rate with a console over
the rate without one. Pages and rates are measured in CPU seconds of the platform's thread, so that
other work of the machine counts as little as possible.
"""

from __future__ import annotations

import http.client
import statistics
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from alink_sim.platform import Listen, Platform
from alink_sim.platform.access.auth import signature
from benchmarks.mqtt_flood import Flood

_FEW, _MANY = 100, 10_000
_PAGES = 31
_MESSAGES, _ROUNDS = 200, 401
_PK, _NAME = "a1Bench0001", "bench-0001"


@dataclass(frozen=True)
class ConsoleCost:
    """Time of the large page over the small one; message rates over the rate without a console.

    `served_ratio` is with a console, `open_ratio` with a page of it that is open and live too.
    """

    page_ratio: float
    served_ratio: float
    open_ratio: float


def measure(folder: Path) -> ConsoleCost:
    """Return the figures; `folder` is scratch."""
    ca = folder / "console-ca"
    return ConsoleCost(_page_ratio(ca), _rate_ratio(ca, page=False), _rate_ratio(ca, page=True))


class _Served:
    """A platform, and the CPU time of its thread."""

    def __init__(self, stack: ExitStack, ca: Path, *, console: bool) -> None:
        before = set(threading.enumerate())
        listen = Listen(console_port=0 if console else None)
        self.platform = stack.enter_context(Platform(ca=ca, listen=listen))
        fresh = [one for one in set(threading.enumerate()) - before if one.name == "platform"]
        self._clock = time.pthread_getcpuclockid(fresh[0].ident or 0)
        self.platform.console.create_product(key=_PK)

    def seconds(self, action: Callable[[], None]) -> float:
        """Return the CPU time that an action costs the platform's thread."""
        start = time.clock_gettime(self._clock)
        action()
        return time.clock_gettime(self._clock) - start

    def flood(self, stack: ExitStack) -> Flood:
        """Return a session of a device of this platform."""
        device = self.platform.console.add_device(_PK, _NAME)
        content = f"clientIdbenchdeviceName{_NAME}productKey{_PK}"
        password = signature("hmacsha256", device.secret, content)
        return stack.enter_context(Flood(self.platform.mqtt_port, _PK, _NAME, password))


def _page_ratio(ca: Path) -> float:
    with ExitStack() as stack:
        fetches = []
        for count in (_FEW, _MANY):
            served = _Served(stack, ca, console=True)
            for number in range(count):
                served.platform.console.add_device(_PK, f"bench-{number:06}")
            page = partial(
                _Browser(served.platform).fetch, f"/devices?product={_PK}&page=2&size=50"
            )
            page()
            fetches.append(partial(served.seconds, page))
        small, large = fetches
        # Pair by pair, so that a change of the machine's speed hits both.
        return statistics.median(large() / small() for _ in range(_PAGES))


def _rate_ratio(ca: Path, *, page: bool) -> float:
    """Return the message rate with a console over the rate without; `page`: one is open, too."""
    with ExitStack() as stack:
        costs: list[Callable[[], float]] = []
        for console in (True, False):
            served = _Served(stack, ca, console=console)
            post = partial(served.flood(stack).post, _MESSAGES)
            post()
            costs.append(partial(served.seconds, post))
            if console and page:
                stack.callback(_follow(served.platform).set)
        # Pair by pair, one behind the other: other work of the machine slows both down.
        there, none = costs
        return statistics.median(none() / there() for _ in range(_ROUNDS))


def _follow(platform: Platform) -> threading.Event:
    """Do what an open page of the device does, once a second, until the event is set."""
    stop, browser = threading.Event(), _Browser(platform)

    def look() -> None:
        while not stop.wait(1.0):
            browser.fetch(f"/devices/{_PK}/{_NAME}/properties")

    threading.Thread(target=look, daemon=True).start()
    return stop


class _Browser:
    """A browser that has the token."""

    def __init__(self, platform: Platform) -> None:
        assert platform.console_port is not None  # noqa: S101 (it was started with one)
        self._connection = http.client.HTTPConnection("127.0.0.1", platform.console_port)
        self._connection.request("GET", f"/?token={platform.console_token}")
        response = self._connection.getresponse()
        response.read()
        self._cookie = (response.getheader("Set-Cookie") or "").partition(";")[0]

    def fetch(self, path: str) -> None:
        """Fetch a page. Raises RuntimeError for another status than 200."""
        self._connection.request("GET", path, headers={"Cookie": self._cookie})
        response = self._connection.getresponse()
        response.read()
        if response.status != 200:
            raise RuntimeError(f"{path} was answered with {response.status}")


def rows(cost: ConsoleCost) -> list[tuple[str, str, str]]:
    """Return the lines of the table of `make bench`."""
    return [
        (
            f"console: a page of {_MANY} devices, over one of {_FEW}",
            f"{cost.page_ratio:.2f}",
            "at most 2",
        ),
        ("message rate with a console, over none", f"{cost.served_ratio:.3f}", "at least 0.97"),
        ("the same, one live page open", f"{cost.open_ratio:.3f}", ""),
    ]


if __name__ == "__main__":
    import sys
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        for row in rows(measure(Path(name))):
            sys.stdout.write("  ".join(row) + "\n")
