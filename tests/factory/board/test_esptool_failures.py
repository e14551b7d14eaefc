"""esptool's last words: each of them is what a person on the line has to know and do."""

from __future__ import annotations

import pytest

from alink_factory.board.esptool_failures import failure

PORT = "/dev/ttyUSB0"
OPEN = f"A fatal error occurred: Could not open {PORT}, the port is busy or doesn't exist."


@pytest.mark.parametrize(
    ("said", "says", "advice", "is_final"),
    [
        (
            f"{OPEN}\n([Errno 13] could not open port {PORT}: Permission denied)",
            f"this user has no permission to open {PORT}", "Add the user to the group", True,
        ),
        (
            f"{OPEN}\n([Errno 2] could not open port {PORT}: No such file or directory)",
            f"{PORT} does not exist", "plug the board in again", False,
        ),
        (
            f"{OPEN}\n([Errno 11] Could not exclusively lock port {PORT}: [Errno 11])",
            f"{PORT} is busy", "Close the serial monitor", False,
        ),
        ("OSError: [Errno 28] No space left on device", "disk of this computer", "room", False),
        ("This chip is ESP32-C3, not ESP32. Wrong chip?", "ESP32-C3, not ESP32", "Take", True),
        (
            "Failed to connect to ESP32: Wrong boot mode detected (0x13)!",
            "did not enter download mode", "hold it and plug the board in again", False,
        ),
        ("MD5 of file does not match data in flash!", "differs from the data", "scrap it", False),
        ("File x will not fit in 4194304 bytes", "larger than", "Check board.name", True),
        (
            "Secure Download Mode is enabled\nHard resetting via RTS pin...",
            "secure boot or flash encryption", "Take the board out", True,
        ),
        (
            "Failed to connect to ESP32: No serial data received.",
            f"the chip on {PORT} does not respond", "Check the cable", False,
        ),
        (
            "device reports readiness to read but returned no data (device disconnected?)",
            "the connection to the board was lost", "Check the cable", False,
        ),
        ("Wholly new words", "esptool failed: Wholly new words", "plug the board in", False),
    ],
)  # fmt: skip
def test_esptool_failure_becomes_sentence_and_advice(said, says, advice, is_final):
    error = failure("reading", PORT, ["esptool v5.0", *said.splitlines()])
    assert says in str(error)
    assert advice in error.advice
    assert error.is_final is is_final
