"""What a job reports: how far it is, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """How far a job is: its step, the share of the step (0.0 to 1.0), what is known of the board.

    `name` is "identify" or one of ledger.STATES.
    """

    port: str
    name: str
    share: float = 0.0
    mac: str = ""
    device_name: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Outcome:
    """How a job ended. `result` is "done", "already" (it was done before) or "failed".

    `written` names the parts that were written. `is_final`: another attempt with the same board
    cannot help.
    """

    port: str
    result: str
    mac: str = ""
    device_name: str = ""
    detail: str = ""
    advice: str = ""
    written: tuple[str, ...] = ()
    is_final: bool = False
