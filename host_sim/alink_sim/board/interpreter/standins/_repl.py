# The REPL of the serial port, after main.py has ended or Ctrl-C. Programs use raw mode and raw
# paste; the friendly mode reads one text line at a time. The bytes are those of MicroPython.
import gc
import io
import sys

import _board
from micropython import const

_RAW = "raw REPL; CTRL-B to exit\n>"
_FRIENDLY = '\nMicroPython, simulated board\nType "help()" for more information.\n>>> '
_SOFT = const(5)
_WINDOW = const(128)  # Bytes of raw paste that the host may send ahead.

_read = sys.stdin.buffer.read
_write = sys.stdout.write
_raw_write = sys.stdout.buffer.write


class _Raw:
    # `sys.stdout.buffer` of a chip: no CR before LF. The host knows a raw LF by the SUB before it.

    def write(self, data, size=None):
        data = bytes(data)[:size]
        _raw_write(data.replace(b"\n", b"\x1a\n"))
        return len(data)


class _Stdout(io.IOBase):
    buffer = _Raw()

    def write(self, data):
        return _write(data)


def serve(scope, raw):
    # Run until a reset; a soft reset continues in the same mode.
    sys.stdout = _Stdout()
    _write(_RAW if raw else _FRIENDLY)
    text = bytearray()
    while True:
        key = _read(1)
        if not key:
            return  # The host process has ended.
        if key in b"\x01\x02":
            raw = key == b"\x01"
            _board.set_state(48, b"\1" if raw else b"\0")
            _write(_RAW if raw else _FRIENDLY)
        elif key == b"\x03":
            _write("" if raw else "\n>>> ")
        elif key == b"\x04" and not (raw and text):
            _board.restart(_SOFT)
        elif key == b"\x04":
            _write("OK")
            _run(text, scope)
        elif key == b"\x05" and raw and not text:
            if _read(2) == b"A\x01" and _paste(text):
                _run(text, scope)
        elif key == b"\r" and not raw:
            _write("\n")
            _line(text, scope)
        else:
            text.extend(key)
            if not raw:
                _write(key)
            continue
        text = bytearray()


def _paste(text):
    # Read a raw paste and return whether it is complete; grant the host a window at a time.
    _raw_write(b"R\x01%c\0\x01" % _WINDOW)
    received = 0
    while True:
        key = _read(1)
        if key in b"\x03\x04":
            _write("\x04")
            if key == b"\x03":
                _write("\x04\x04>")
            return key == b"\x04"
        text.extend(key)
        received += 1
        if received == _WINDOW:
            received = 0
            _write("\x01")


def _run(text, scope):
    output = ""
    try:
        exec(compile(str(text, "utf-8"), "<stdin>", "exec"), scope)
    except SystemExit:
        _board.restart(_SOFT)
    except BaseException as error:
        stream = io.StringIO()
        sys.print_exception(error, stream)
        output = stream.getvalue()
    _write("\x04%s\x04>" % output)
    gc.collect()


def _line(text, scope):
    try:
        if text.strip():
            exec(compile(str(text, "utf-8"), "<stdin>", "single"), scope)
    except SystemExit:
        _board.restart(_SOFT)
    except BaseException as error:
        sys.print_exception(error)
    _write(">>> ")
