"""A claim (a board holds a row) and an entry (an event in the ledger)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

# The steps of a board, in their order. From "writing" on, flash may hold the row's identity.
STATES = ("claimed", "imaged", "writing", "written", "verified", "booted", "tested", "done")


class Candidate(Protocol):
    """A row that a board may claim: its key in the batch, and the device it makes of the board."""

    @property
    def key(self) -> str:
        """The name of the row in the ledger."""

    @property
    def product_key(self) -> str:
        """The ProductKey to burn."""

    @property
    def device_name(self) -> str:
        """The DeviceName to burn."""


@dataclass(frozen=True)
class Station:
    """A station of the line and its operator, by name."""

    name: str
    operator: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A row and the board that holds it, until the board is scrapped or wiped.

    The ledger has at most one for a row, for a (ProductKey, DeviceName) and for a MAC (12
    hexadecimal digits). `holder` is the job at work on it, `attempts` the number of jobs so far,
    `record` the start of the SHA-256 of the burned identity record.
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
        """Whether the board is burned and verified."""
        return self.state == "done"


@dataclass(frozen=True, slots=True)
class Entry:
    """An event in the ledger, never changed; `at` is seconds since 1970.

    `what` is a step of a board, or measured (`detail` is JSON), failed, refused, released,
    scrapped, wiped, updated, registered, exported. `chain` is its hash, see ledger.chain.
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
    chain: str = ""
