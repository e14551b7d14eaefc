"""What the ledger tells: a claim (which board holds which row) and an entry (what happened)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

# The steps of a board, in their order. From "writing" on, flash may hold the row's identity.
STATES = ("claimed", "imaged", "writing", "written", "verified", "booted", "done")


class Candidate(Protocol):
    """A row that a board may claim: its key in the batch, and the device it makes of the board."""

    @property
    def key(self) -> str:
        """What the ledger calls the row."""

    @property
    def product_key(self) -> str:
        """The ProductKey that is burned."""

    @property
    def device_name(self) -> str:
        """The DeviceName that is burned."""


@dataclass(frozen=True)
class Station:
    """Who burns: the name of the place and of the person."""

    name: str
    operator: str


@dataclass(frozen=True)
class Claim:
    """A row and the board that holds it, as long as that board lives.

    There is one for a row, for a (ProductKey, DeviceName) and for a MAC (12 hexadecimal digits).
    `holder` is the job that works on it; `attempts` counts how often one took it up. `record` is
    the start of the SHA-256 of what was burned.
    """

    id: int
    batch: str
    row: str
    product_key: str
    device_name: str
    mac: str
    state: str
    holder: str
    station: str
    attempts: int
    record: str = ""

    @property
    def is_done(self) -> bool:
        """Whether the board was burned, verified and taken off the line."""
        return self.state == "done"


@dataclass(frozen=True)
class Entry:
    """One line of the ledger, never changed; `at` is seconds since 1970.

    `what` is a step of a board, or failed, released, scrapped, wiped, upgraded, registered.
    """

    seq: int
    at: float
    what: str
    batch: str
    row: str = ""
    product_key: str = ""
    device_name: str = ""
    mac: str = ""
    attempt: int = 0
    station: str = ""
    operator: str = ""
    port: str = ""
    record: str = ""
    detail: str = ""
