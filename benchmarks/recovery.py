"""The time until the next acknowledged post after a connection ends at a random byte.

The SDK with its outbox beside umqtt.robust, both unmodified on the same simulated board, through
the same proxy with the same seed. The board's clock is turned by hand: it goes on only while the
program waits, so the figures are waits of the programs and say nothing of this machine.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from alink_formats.identity import Identity
from alink_sim import toolchain
from alink_sim.board import Board, beside_standins, sdk_files
from alink_sim.clock import ManualClock
from alink_sim.platform import Platform, Product
from alink_sim.platform.access.auth import signature
from alink_sim.sntp import SntpServer
from benchmarks.proxy import CuttingProxy

CUTS = 200
_SEED = 20261123
_SPAN = 4 * 1024  # Bytes until a cut, at the most: some fifteen posts.
_QUIET = 0.3  # Seconds of this machine without a byte: nothing more will come by itself.
_STUCK = 0.8  # The same, where the program waits for ever.
_POSTED = {"published", "property_posted"}
_NEVER = float("inf")
_DEVICE = Path(__file__).parent / "device"


@dataclass(frozen=True)
class Recovery:
    """Seconds of the board's clock from a cut to the next acknowledgment, over all cuts.

    `never` counts the runs in which the program ended or hung, so that the benchmark restarted it.
    """

    p50: float
    p95: float
    never: int
    cuts: int


def measure(folder: Path, cuts: int = CUTS) -> dict[str, Recovery]:
    """Return the figures by device name; `folder` is scratch. Raises ToolchainError."""
    clock = ManualClock(folder / "recovery.clock")
    ntp = SntpServer(clock=clock)
    ntp.start()
    try:
        with Platform(clock=clock) as platform:
            product = platform.console.create_product()
            found = {}
            for who, files in (("bench-sdk", _sdk), ("bench-robust", _robust)):
                proxy = CuttingProxy(platform.mqtt_tls_port)
                device = platform.console.add_device(product.key, who)
                identity = Identity(
                    product_key=product.key,
                    device_name=who,
                    device_secret=device.secret,
                    host="localhost",
                    port=proxy.port,
                    ntp_host=f"localhost:{ntp.port}",
                    ca=(platform.ca_der,),
                )
                interpreter = toolchain.interpreter("unix32")
                board = Board.create(
                    folder / f"recovery-{who}",
                    interpreter=interpreter,
                    identity=identity,
                    files=files(platform, product, device.secret, proxy.port),
                    clock=clock,
                    hosts=("localhost 127.0.0.1",),
                    heap=beside_standins(interpreter),
                )
                with board:
                    found[who] = _summed(_Trial(board, clock, proxy, platform).run(cuts))
                proxy.close()
            return found
    finally:
        ntp.stop()
        clock.close()


def rows(found: Mapping[str, Recovery]) -> list[tuple[str, str, str]]:
    """Return the rows of the table."""
    return [
        (
            f"next acknowledged post after a cut at a random byte, {device}",
            f"p50 {one.p50:.1f} s, p95 {one.p95:.1f} s",
            f"never by itself: {one.never} of {one.cuts}",
        )
        for device, one in found.items()
    ]


class _Trial:
    """One program, cut again and again."""

    def __init__(
        self, board: Board, clock: ManualClock, proxy: CuttingProxy, platform: Platform
    ) -> None:
        self._platform = platform
        self._board = board
        self._clock = clock
        self._proxy = proxy

    def run(self, cuts: int) -> list[float]:
        chance = random.Random(_SEED)
        self._start()
        took = []
        for _ in range(cuts):
            count, resets = chance.randrange(1, _SPAN), chance.random() < 0.5
            took.append(self._cut(count, resets=resets))
        return took

    def _start(self) -> None:
        number = self._number()
        self._board.power_on()
        if not self._until(lambda: self._is_back(number)):
            tail = [line.text for line in self._board.lines[-5:]]
            raise RuntimeError(f"the program does not come online: {tail}")

    def _cut(self, count: int, *, resets: bool) -> float:
        self._proxy.cut_after(count, resets=resets)
        if not self._until(self._proxy.cut.is_set):
            raise RuntimeError("the program sends nothing any more")
        begun, number = self._clock.time(), self._number()
        if self._until(lambda: self._is_back(number)):
            return self._clock.time() - begun
        self._start()
        return _NEVER

    def _number(self) -> int:
        return self._platform.log.after(0)[0]

    def _is_back(self, number: int) -> bool:
        """Tell whether a post was acknowledged in a session that began behind an event."""
        kinds = [event.kind for event in self._platform.log.after(number)[1]]
        return "online" in kinds and bool(_POSTED & set(kinds[kinds.index("online") :]))

    def _until(self, done: Callable[[], bool]) -> bool:
        """Turn the clock until something is so; tell whether, False if it never will be."""
        looked = time.monotonic()
        while not done():
            waiting = self._board.waiting
            now = time.monotonic()
            if waiting is None:
                looked = now
            quiet = now - max(looked, self._proxy.moved_at)
            if waiting and waiting.until > 1 << 60:
                if quiet > _STUCK:
                    return False
            elif waiting:
                ahead = waiting.until / 1000 - self._clock.time()
                if waiting.kind == "sleep" or ahead <= 0.01 or quiet > _QUIET:
                    self._clock.advance(max(0.0, ahead))
                    looked = now
            elif self._board.has_ended:
                return done()
            time.sleep(0.001)
        return True


def _summed(took: list[float]) -> Recovery:
    ranked = sorted(took)
    return Recovery(
        p50=statistics.median(ranked),
        p95=ranked[int(len(ranked) * 0.95)],
        never=ranked.count(_NEVER),
        cuts=len(ranked),
    )


def _sdk(_platform: Platform, _product: Product, _secret: str, _port: int) -> Mapping[str, bytes]:
    return sdk_files(main=(_DEVICE / "recovery_sdk.py").read_text("utf-8"))


def _robust(platform: Platform, product: Product, secret: str, port: int) -> Mapping[str, bytes]:
    content = f"clientIdbenchdeviceNamebench-robustproductKey{product.key}"
    words = [
        "bench|securemode=2,signmethod=hmacsha256|",
        "localhost",
        str(port),
        f"bench-robust&{product.key}",
        signature("hmacsha256", secret, content),
        f"/{product.key}/bench-robust/user/update",
    ]
    sources = {
        "main.py": _DEVICE / "recovery_robust.py",
        "ussl.py": _DEVICE / "ussl.py",
        # A separate package: the `umqtt` that is frozen into the board does not contain `robust`.
        "published/simple.py": toolchain.umqtt_simple() / "umqtt" / "simple.py",
        "published/robust.py": toolchain.umqtt_robust() / "umqtt" / "robust.py",
    }
    return {
        "ca.der": platform.ca_der,
        "words": "\n".join(words).encode(),
        "published/__init__.py": b"",
        **{name: source.read_bytes() for name, source in sources.items()},
    }
