"""Errors of the line; every text is a sentence for the operator."""

from __future__ import annotations


class FactoryError(Exception):
    """The line stops until someone corrects this: exit code 2."""


class BatchError(FactoryError):
    """The batch file, its rows or a file that they name is wrong.

    `messages` has a sentence for each mistake. Exit code 2, before the first board is touched.
    """

    def __init__(self, *messages: str) -> None:
        super().__init__("\n".join(messages))
        self.messages = messages


class LedgerError(FactoryError):
    """The ledger is locked, full, missing or not ours: no board may be burned without it."""


class CloudError(FactoryError):
    """The cloud refused a call or did not respond."""


class BoardError(Exception):
    """One board could not be burned; the others go on. Exit code 1.

    `step` is the step that failed, `advice` tells the operator what to do. `is_final`: another
    attempt with the same board cannot help.
    """

    def __init__(self, step: str, what: str, *, advice: str, is_final: bool = False) -> None:
        super().__init__(what)
        self.step = step
        self.advice = advice
        self.is_final = is_final
