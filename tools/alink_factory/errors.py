"""What can go wrong on a line; every text is a sentence for the person who stands there."""

from __future__ import annotations


class FactoryError(Exception):
    """Nothing can be done before this is put right: exit code 2."""


class BatchError(FactoryError):
    """The batch file, its rows or a file that they name is wrong.

    `messages` has a sentence for each mistake. Exit code 2, before the first board is touched.
    """

    def __init__(self, *messages: str) -> None:
        super().__init__("\n".join(messages))
        self.messages = messages


class LedgerError(FactoryError):
    """The ledger is locked, full, gone or not ours: no board may be burned without it."""


class CloudError(FactoryError):
    """The cloud refused a call, or could not be reached."""


class BoardError(Exception):
    """One board could not be burned; the others go on. Exit code 1.

    `step` is the step of the transaction that failed, `advice` what the person does now;
    `is_final` when a retry of the same board cannot help.
    """

    def __init__(self, step: str, what: str, *, advice: str, is_final: bool = False) -> None:
        super().__init__(what)
        self.step = step
        self.advice = advice
        self.is_final = is_final
