"""Poll the answers of a network port every 2 ms.

Python runs this at its start if PYTHONPATH has this folder. pyserial looks for the answer to each
setting of an RFC 2217 port after 50 or 100 ms, and esptool changes a setting twice a command: a
board with an eFuse key takes minutes of sleep. The settings and their answers stay the same.
"""

import time
from types import SimpleNamespace

from serial import rfc2217  # type: ignore[import-untyped]

_LONGEST = 0.002


def _sleep(seconds: float) -> None:
    time.sleep(min(seconds, _LONGEST))


rfc2217.time = SimpleNamespace(time=time.time, sleep=_sleep)
