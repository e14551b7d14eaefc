"""esptool's last words in, what a person on the line has to know and do out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from alink_factory.errors import BoardError

_AGAIN = "Check cable and plug, then plug the board in again."
_BOOT = "If there is a BOOT button, hold it and plug the board in again."
_SCRAP = "Plug the board in once more; if it fails again, scrap it."

# What esptool says: what happened, what to do, and whether a retry is useless.
_KNOWN: tuple[tuple[str, str, str, bool], ...] = (
    (
        r"Permission denied",
        "this user may not open {port}",
        "Add the user to the group that owns the port (dialout or uucp) and log in again.",
        True,
    ),
    (
        r"(?:Could not open|busy or doesn't exist).*(?:\[Errno 2\]|No such file)",
        "{port} is not there",
        _AGAIN,
        False,
    ),
    (
        r"Inappropriate ioctl|Not a typewriter|invalid URL",
        "{port} is no serial port",
        "Name one that `alink-burn doctor` finds.",
        True,
    ),
    (
        r"Could not open port \w+://",
        "nobody answers at {port}",
        "Check its address, and that its server is switched on.",
        False,
    ),
    (
        r"Could not open|busy or doesn't exist|Could not exclusively lock",
        "{port} is busy: another program has it open",
        "Close the serial monitor, or wait for the program that holds it.",
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
        "the flash does not hold what was written",
        _SCRAP,
        False,
    ),
    (r"will not fit in", "the image is larger than the flash", "Check the batch's board.", True),
    (
        r"Secure Boot|flash encryption|Secure Download Mode|ecure boot",
        "the chip has secure boot or flash encryption switched on",
        "Take the board out: stock MicroPython cannot run on it.",
        True,
    ),
    (
        r"No serial data received|Failed to connect|Invalid head of packet|Timed out",
        "no answer from a chip on {port}",
        f"Check the cable. {_BOOT}",
        False,
    ),
    (
        r"No more data|read failed|Input/output error|disconnected|stopped|SerialException|reset",
        "the connection broke off",
        _AGAIN,
        False,
    ),
)


def complaint(step: str, port: str, lines: Sequence[str]) -> BoardError:
    """Return the error for a run of esptool that failed after these lines."""
    text = "\n".join(lines)
    for pattern, what, advice, is_final in _KNOWN:
        if found := re.search(pattern, text, re.DOTALL):
            said = what.format(found[0], *found.groups(), port=port)
            return BoardError(step, said, advice=advice, is_final=is_final)
    last = lines[-1] if lines else "it said nothing"
    return BoardError(step, f"esptool failed: {last[:200]}", advice=_AGAIN)
