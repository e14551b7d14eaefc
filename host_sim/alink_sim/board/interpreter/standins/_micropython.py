# `micropython` of an ESP32: _boot.py puts it in the place of the interpreter's own.
import micropython


def alloc_emergency_exception_buf(size):
    pass  # The interpreter has a buffer already.


def __getattr__(name):
    return getattr(micropython, name)
