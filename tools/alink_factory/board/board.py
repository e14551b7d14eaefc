"""The board protocol: what a job needs of a board, however the board is reached."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Protocol

from alink_formats.identity import Identity


@dataclass(frozen=True)
class Prepared:
    """A board's image, built and checked.

    `record` is the start of the SHA-256 of the identity record, `detail` what else the ledger
    notes about the image.
    """

    record: str
    detail: str = ""


@dataclass(frozen=True)
class EfuseKey:
    """A secret for an eFuse key block, 0 to 5."""

    block: int
    secret: str = field(repr=False)


def tools(program: str) -> str:
    """Return the versions of alink-burn and of the program that burns, for the ledger."""
    return f"alink-burn {version('alink-sdk')}, {program} {version(program)}"


class Board(Protocol):
    """One board on a port; a job calls the methods in this order. They raise BoardError."""

    @property
    def mac(self) -> str:
        """The MAC, 12 hexadecimal digits; empty until `look` has read it."""

    @property
    def seen(self) -> str:
        """The tools and, after " on ", the chip that `look` has found with them; "" before it."""

    def look(self) -> set[tuple[str, str]]:
        """Return every (ProductKey, DeviceName) that the board carries.

        Raises BoardError if the batch is not for this kind of board.
        """

    def prepare(self, identity: Identity, key: EfuseKey | None = None) -> Prepared:
        """Build the image of the board; `key` goes into an eFuse block, once and for ever.

        Raises BatchError if the image does not fit, or eFuses cannot be burned this way.
        """

    def write(self) -> tuple[str, ...]:
        """Write the image; return the names of the parts that were written."""

    def verify(self) -> None:
        """Read the identity back, compare it, then reset the board, so that it runs.

        Afterwards the port is free for other programs.
        """

    def close(self) -> None:
        """Let go of the port, however the job ended."""
