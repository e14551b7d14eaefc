"""Hours of boards on a bad network: real firmware, real interpreters, a clock that skips waits.

Each board posts a numbered property every five minutes through an outbox on its flash. Meanwhile
the platform dies by SIGKILL and is away for a while, boards lose their power, and connections are
cut, fall silent, forget the other side and slow down, all at seeded moments. An acknowledged post
that is not in the database, and a second registration of a board, are failures.
"""

from __future__ import annotations

import heapq
import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from alink_formats.identity import Identity
from alink_sim import toolchain
from alink_sim.board import Board, sdk_files
from alink_sim.board.interpreter.heap import beside_standins
from alink_sim.clock import ManualClock
from alink_sim.clock_driver import ClockDriver
from alink_sim.platform import Fault
from alink_sim.sntp import SntpServer
from tests.reliability.far_platform import INSTANCE, FarPlatform
from tests.waiting import PATIENCE

POST_SECONDS = 300
HOUR = 3600.0
PRODUCT = "a1B2c3D4e5F"

PROGRAM = f"""
from alink import Device
from alink.outbox import Outbox

def last():
    try:
        with open("/number") as file:
            return int(file.read() or 0)
    except OSError:
        return 0

def ended(number):
    return lambda told: print("acknowledged" if told else "dropped", number)

device = Device.from_flash()
outbox = Outbox(device, limit=8192, path="/outbox", drop=True)
number = last()
device.connect()
print("ready")
while True:
    number += 1
    with open("/number", "w") as file:
        file.write(str(number))
    outbox.post_properties({{"p%d" % number: number}}, ended(number))
    device.poll({POST_SECONDS * 1000})
"""

FAULTS: tuple[Callable[[random.Random], Fault], ...] = (
    lambda _: Fault.drop("puback"),
    lambda _: Fault.drop("pingresp"),
    lambda chance: Fault.cut("puback", at=chance.randint(0, 3)),
    lambda _: Fault.cut("tls"),
    lambda _: Fault.cut("connack"),
    lambda _: Fault.half_open("puback"),
    lambda _: Fault.half_open("connack"),
    lambda _: Fault.mute("puback"),
    lambda _: Fault.mute("tls"),
    lambda chance: Fault.delay("puback", seconds=chance.uniform(1, 30)),
    lambda chance: Fault.delay("tls", seconds=chance.uniform(1, 30)),
    lambda _: Fault.dribble("suback", seconds=0.5),
)


class DayError(AssertionError):
    """An acknowledged post was lost, or a board registered twice."""


@dataclass(frozen=True)
class Day:
    """What happened; `seconds` are those of this machine."""

    interpreter: str
    boards: int
    hours: float
    acknowledged: int
    sessions: int
    faults: int
    kills: int
    power_cuts: int
    registrations: int
    seconds: float


class _Driver(ClockDriver):
    """Turns the clock of the boards, and that of the platform in the other process."""

    def __init__(
        self, clock: ManualClock, far: FarPlatform, boards: list[Board], ntp: SntpServer
    ) -> None:
        def none() -> object:
            raise NotImplementedError

        super().__init__(clock, none, boards, ntp)  # type: ignore[arg-type]
        self._far = far

    def turn(self, seconds: float) -> None:
        self._far.advance(seconds)
        super().turn(seconds)

    def timers(self) -> list[float]:
        return self._far.timers()

    def platform_rests(self) -> bool:
        return self._far.rests()

    def go_on_until(self, end: float) -> None:
        """Let time pass until `end`, in seconds since 1970."""
        while self._clock.time() < end:
            deadline = time.monotonic() + PATIENCE
            while (due := self.next_moment()) is None:
                assert time.monotonic() < deadline, "the rig is never idle"
                time.sleep(0.001)
            self.turn(max(0.0, min(due, end) - self._clock.time()))


class BadNetwork:
    """Boards, a platform and what befalls them."""

    def __init__(
        self, folder: Path, interpreter: toolchain.Interpreter, boards: int, seed: int
    ) -> None:
        self._chance = random.Random(seed)
        self._interpreter = interpreter
        self._clock = ManualClock(folder / "clock")
        self._far = FarPlatform(folder, PRODUCT, now=self._clock.time())
        self._ntp = SntpServer(clock=self._clock)
        self._ntp.start()
        self._boards = [
            Board.create(
                folder / f"dev-{number:02}",
                interpreter=interpreter,
                layout="factory",
                identity=self._identity(f"dev-{number:02}"),
                files=sdk_files(main=PROGRAM),
                clock=self._clock,
                heap=beside_standins(interpreter),
            )
            for number in range(boards)
        ]
        self._driver = _Driver(self._clock, self._far, self._boards, self._ntp)
        self._faults = self._kills = self._cuts = 0

    def close(self) -> None:
        """Stop everything."""
        for board in self._boards:
            board.power_off()
        if self._far.runs:
            self._far.kill()
        self._ntp.stop()
        self._clock.close()

    def run(self, hours: float) -> Day:
        """Let `hours` pass, then make the network good and compare. Raises DayError."""
        begun = time.monotonic()
        for board in self._boards:
            board.power_on()
        for board in self._boards:
            self._driver.expect(board, "ready")
        start = self._clock.time()
        events = list(self._events(start, start + hours * HOUR))
        heapq.heapify(events)
        while events:
            at, _, action = heapq.heappop(events)
            self._driver.go_on_until(at)
            action()
        self._driver.go_on_until(start + hours * HOUR)
        self._far.clear_faults()
        # The longest backoff and the longest silence end, then nothing waits in an outbox.
        self._driver.go_on_until(self._clock.time() + 2 * HOUR)
        return self._result(hours, time.monotonic() - begun)

    def _events(self, start: float, end: float) -> Iterator[tuple[float, int, Callable[[], None]]]:
        number = 0
        hours = (end - start) / HOUR
        for count, action in (
            (round(hours * len(self._boards)), self._strike),
            (max(1, round(hours / 2)), self._kill),
            (max(1, round(hours)), self._cut_power),
        ):
            for _ in range(count):
                number += 1
                yield self._chance.uniform(start, end - 1200), number, action

    def _strike(self) -> None:
        fault = self._chance.choice(FAULTS)(self._chance)
        # Before a handshake nothing says whose connection it is.
        chosen = self._chance.choice(self._boards).device_name
        device = None if fault.packet == "tls" else chosen
        self._far.add_fault(fault, device, self._chance.randint(1, 3))
        self._faults += 1

    def _kill(self) -> None:
        # In the middle of what the next moment sets off: packets, commits, answers.
        self._kills += 1
        if due := self._driver.next_moment():
            self._driver.turn(max(0.0, due - self._clock.time()))
        time.sleep(self._chance.uniform(0, 0.02))
        self._far.kill()
        self._compare()
        self._driver.go_on_until(self._clock.time() + self._chance.uniform(0, 900))
        self._far.start(self._clock.time())

    def _cut_power(self) -> None:
        self._cuts += 1
        board = self._chance.choice(self._boards)
        board.power_off()
        board.power_on()

    def _compare(self) -> int:
        # Returns the number of acknowledged posts; the platform is dead.
        stored = self._far.stored()
        acknowledged = 0
        for board in self._boards:
            said = [line.text for line in board.lines]
            name = board.device_name
            for text in said:
                if found := re.fullmatch(r"acknowledged (\d+)", text):
                    acknowledged += 1
                    number = int(found[1])
                    if stored[name].properties.get(f"p{number}") != number:
                        raise DayError(f"{name}: post {number} was acknowledged and is lost")
            registrations = sum("registered by" in text for text in said)
            if registrations != 1 or stored[name].client_ids != 1:
                raise DayError(
                    f"{name} registered {registrations} times and has "
                    f"{stored[name].client_ids} ClientIDs\n{board.tail(60)}"
                )
        return acknowledged

    def _result(self, hours: float, seconds: float) -> Day:
        self._far.kill()
        acknowledged = self._compare()
        said = [line.text for board in self._boards for line in board.lines]
        return Day(
            interpreter=self._interpreter.name,
            boards=len(self._boards),
            hours=hours,
            acknowledged=acknowledged,
            sessions=sum("online at" in text for text in said),
            faults=self._faults,
            kills=self._kills,
            power_cuts=self._cuts,
            registrations=sum("registered by" in text for text in said),
            seconds=seconds,
        )

    def _identity(self, name: str) -> Identity:
        return Identity(
            product_key=PRODUCT,
            product_secret=self._far.product_secret,
            device_name=name,
            method="regnwl",
            instance_id=INSTANCE,
            port=self._far.ports.mqtt_tls_port,
            ntp_host=f"ntp.aliyuncs.com:{self._ntp.port}",
            https_host=f"iot-auth.cn-shanghai.aliyuncs.com:{self._far.ports.https_port}",
            ca=(self._far.ca_der,),
        )
