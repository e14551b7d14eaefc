"""Failures of esptool: its output in, a sentence and advice for the operator out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from alink_factory.errors import BoardError

_AGAIN = "Check the cable and the plug, then plug the board in again."
_BOOT = "If there is a BOOT button, hold it and plug the board in again."
_SCRAP = "Plug the board in again. If it fails again, scrap it."

# A pattern in its output: what happened, what to do, and whether a retry is useless.
_KNOWN: tuple[tuple[str, str, str, bool], ...] = (
    (
        r"Permission denied",
        "this user has no permission to open {port}",
        "Add the user to the group that owns the port (dialout or uucp) and log in again.",
        True,
    ),
    (
        r"(?:Could not open|busy or doesn't exist).*(?:\[Errno 2\]|No such file)",
        "{port} does not exist",
        _AGAIN,
        False,
    ),
    (
        r"Inappropriate ioctl|Not a typewriter|invalid URL",
        "{port} is not a serial port",
        "Use a port that `alink-burn doctor` lists.",
        True,
    ),
    (
        r"Could not open port \w+://",
        "{port} does not respond",
        "Check the address, and switch the serial server on.",
        False,
    ),
    (
        r"Could not open|busy or doesn't exist|Could not exclusively lock",
        "{port} is busy: another program has it open",
        "Close the serial monitor or the other program.",
        False,
    ),
    (
        r"No space left on device",
        "the disk of this computer is full",
        "Make room, then plug the board in again.",
        False,
    ),
    (
        r"This chip is ([\w-]+), not ([\w-]+)",
        "the chip is {1}, not {2}",
        "Take the board out: it does not belong to this batch.",
        True,
    ),
    (r"Wrong boot mode detected", "the board did not enter download mode", _BOOT, False),
    (
        r"MD5 of file does not match|Verification failed|digest mismatch",
        "the flash differs from the data written",
        _SCRAP,
        False,
    ),
    (
        r"will not fit in",
        "the image is larger than the flash",
        "Check board.name in the batch file.",
        True,
    ),
    (
        r"Secure Boot|flash encryption|Secure Download Mode|ecure boot",
        "the chip has secure boot or flash encryption switched on",
        "Take the board out: stock MicroPython cannot run on it.",
        True,
    ),
    (
        r"No serial data received|Failed to connect|Invalid head of packet|Timed out",
        "the chip on {port} does not respond",
        f"Check the cable. {_BOOT}",
        False,
    ),
    (
        r"No more data|read failed|Input/output error|disconnected|stopped|SerialException|reset",
        "the connection to the board was lost",
        _AGAIN,
        False,
    ),
)


def failure(step: str, port: str, lines: Sequence[str]) -> BoardError:
    """Return the error for a failed run of esptool that printed `lines`."""
    text = "\n".join(lines)
    for pattern, what, advice, is_final in _KNOWN:
        if found := re.search(pattern, text, re.DOTALL):
            text = what.format(found[0], *found.groups(), port=port)
            return BoardError(step, text, advice=advice, is_final=is_final)
    last = lines[-1] if lines else "it printed nothing"
    return BoardError(step, f"esptool failed: {last[:200]}", advice=_AGAIN)
