"""Reports of a job: its progress and its outcome."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """The progress of a job: its step, the share of the step (0.0 to 1.0), and its board.

    `name` is the step: "identify", "registered" or one of ledger.STATES. Fields not
    known yet are empty.
    """

    port: str
    name: str
    share: float = 0.0
    mac: str = ""
    device_name: str = ""
    serial: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Outcome:
    """The outcome of a job. `result` is "done", "already" (it was done before) or "failed".

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
