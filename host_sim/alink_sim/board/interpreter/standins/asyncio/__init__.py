# The firmware's own asyncio. Its task queue is C code that asks the host for the time: under a
# clock that a test drives, one of our own takes its place.
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

_PLACES = (
    ("funcs", "wait_for wait_for_ms gather"),
    ("event", "Event ThreadSafeFlag"),
    ("lock", "Lock"),
    ("stream", "open_connection start_server StreamReader StreamWriter"),
)


def __getattr__(name):
    for module, names in _PLACES:
        if name in names.split():
            value = getattr(__import__(module, None, None, True, 1), name)
            globals()[name] = value
            return value
    raise AttributeError(name)
