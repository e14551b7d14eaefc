"""The states of a batch's devices in the cloud, asked before a board gets one of the names.

A name whose device is active belongs to a board already: another station burned it with its own
ledger, or the ledger is gone. A board with a disabled or a missing device cannot come online.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, islice

from alink_factory.batch.plan import Plan
from alink_factory.batch.rows import RefusedRow, Row
from alink_factory.cloud.client import MOST_STATES, Cloud
from alink_factory.errors import BoardError, CloudError
from alink_factory.ledger import Ledger

_ADVICE = "Delete, reset or register the device in the console, or remove the row."


@dataclass
class DeviceStates:
    """Asks the cloud for the states of the devices of a plan.

    With `regnwl` a device may be missing: the platform creates it. Rows whose DeviceSecret comes
    from the cloud are not asked for here: the line creates their devices.
    """

    plan: Plan
    cloud: Cloud

    def refused(self, ledger: Ledger) -> list[RefusedRow]:
        """Return the refused ones of the rows that are free in the ledger. Raises CloudError.

        Names that a board has yet to give are not known here; `free` asks for them.
        """
        taken = {row for row, _ in ledger.states(self.plan.batch.name)}
        free = (row for row in self.plan.burnable if row.device_name and row.key not in taken)
        return list(self._asked(free))

    def free(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield the named rows that a board may get, asking for one at a time.

        Raises BoardError if the cloud refuses all of them, or does not respond.
        """
        last = None
        for row in rows:
            try:
                last = next(self._asked([row]), None)
            except CloudError as error:
                raise BoardError(
                    "claimed", str(error), advice="Nothing was written. Plug the board in again."
                ) from error
            if last is None:
                yield row
        if last:
            raise BoardError("claimed", last.why, advice=_ADVICE, is_final=True)

    def _asked(self, rows: Iterable[Row]) -> Iterator[RefusedRow]:
        own = (row for row in rows if not self.plan.needs_cloud(row))
        for key, listed in groupby(own, key=lambda row: row.product_key):
            while part := list(islice(listed, MOST_STATES)):
                states = self.cloud.states(key, [row.device_name for row in part])
                for row in part:
                    if why := self._why(row.device_name, states.get(row.device_name, "")):
                        yield RefusedRow(row, why)

    def _why(self, name: str, state: str) -> str:
        if state in ("ONLINE", "OFFLINE"):
            return f"{name} is active in the cloud"
        if state == "DISABLE":
            return f"{name} is disabled in the cloud"
        if not state and self.plan.batch.common.method != "regnwl":
            return f"{name} is missing in the cloud"
        return ""
