# The asyncio of the firmware. Its task queue is C code that reads the host's time; on a
# ManualClock, `_tasks` replaces it.
import sys

from _board import clock

if clock:
    import _tasks

    sys.modules["_asyncio"] = _tasks

__path__ = ".frozen/asyncio"

from . import core
from .core import *

if clock:
    _tasks.core = core

_NAMES = (
    ("funcs", "wait_for wait_for_ms gather"),
    ("event", "Event ThreadSafeFlag"),
    ("lock", "Lock"),
    ("stream", "open_connection start_server StreamReader StreamWriter"),
)


def __getattr__(name):
    for module, names in _NAMES:
        if name in names.split():
            value = getattr(__import__(module, None, None, True, 1), name)
            globals()[name] = value
            return value
    raise AttributeError(name)
