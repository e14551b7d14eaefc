"""An order: how the boards of a run are burned."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from alink_factory.batch.board_tests import BOOT, BoardTest
from alink_factory.batch.plan import Plan
from alink_factory.board.board import Board
from alink_factory.board.esptool import Esptool, OnProgress
from alink_factory.board.mpremote import Mpremote
from alink_factory.board.over_esptool import EsptoolBoard
from alink_factory.board.over_repl import ReplBoard
from alink_factory.cloud.client import Cloud
from alink_factory.cloud.device_states import DeviceStates
from alink_factory.job.serials import Serials
from alink_factory.ledger import Claim, Ledger, TakenRows
from alink_formats.identity import Identity

BootCheck = Callable[[str, Identity], str]  # Port and identity in, what the board printed out.


@dataclass
class Order:
    """How boards are burned, shared by all ports of a run.

    `scratch` is a private folder. `fresh` discards what devices keep of their registration, `full`
    writes all regions, `stub` lets esptool load its stub. `over_repl`: the boards already run
    MicroPython and are burned with mpremote. `cloud` creates devices for a batch without a
    ProductSecret. `states` asks the cloud for a name before a board gets it. `burns_efuses`: a
    person agreed to what cannot be undone. `on_done` gets the claim of each board that was burned
    and is done. `stop` ends the jobs. `busy` maps the MACs of boards at work to their ports;
    `lock` guards it.
    """

    plan: Plan
    ledger: Ledger
    scratch: Path
    fresh: bool = False
    full: bool = False
    stub: bool = True
    over_repl: bool = False
    boot_check: BootCheck | None = None
    cloud: Cloud | None = None
    states: DeviceStates | None = None
    burns_efuses: bool = False
    on_done: Callable[[Claim], None] = lambda _: None
    serials: Serials = field(default_factory=Serials)
    stop: threading.Event = field(default_factory=threading.Event)
    busy: dict[str, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def tests(self) -> tuple[BoardTest, ...]:
        """The tests of each burned board. The boot check comes first if the batch lists none."""
        listed = self.plan.batch.tests
        if self.boot_check is None:
            return tuple(test for test in listed if not test.is_boot)
        return listed if any(test.is_boot for test in listed) else (BOOT, *listed)

    @cached_property
    def taken(self) -> TakenRows:
        """The taken rows of the batch; update them before use."""
        return self.ledger.taken_rows(self.plan.batch.name, self.plan.by_key.keys())

    def board(self, port: str, *, on_progress: OnProgress) -> Board:
        """Return the board on a port. Raises BatchError if the batch is not for such boards."""
        if self.over_repl:
            mpremote = Mpremote(port, scratch=self.scratch, stop=self.stop)
            return ReplBoard(mpremote, self.plan, fresh=self.fresh, full=self.full)
        esptool = self.esptool(port, on_progress=on_progress)
        return EsptoolBoard(esptool, self.plan, fresh=self.fresh, full=self.full)

    def esptool(self, port: str, *, on_progress: OnProgress | None = None) -> Esptool:
        """Return esptool for a port, at the batch's baud rate."""
        return Esptool(
            port,
            scratch=self.scratch,
            baud=self.plan.batch.baud or self.plan.board.baud,
            stub=self.stub,
            on_progress=on_progress,
            stop=self.stop,
        )
