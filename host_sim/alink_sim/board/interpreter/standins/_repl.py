# The REPL of the serial port, after main.py has ended or Ctrl-C. Programs use raw mode and raw
# paste; the friendly mode has no line editing. The bytes are those of MicroPython.
import gc
import sys
from socket import io  # The interpreter's own: the stand-in would take heap.

import _board
from micropython import const

_board.release(4)

_RAW = "raw REPL; CTRL-B to exit\n>"
_FRIENDLY = '\nMicroPython, simulated board\nType "help()" for more information.\n'
_SOFT = const(5)
_WINDOW = const(128)  # Bytes of raw paste that the host may send ahead.
# First words of a statement that ends with an empty text line.
_COMPOUND = ("async", "class", "def", "for", "if", "try", "while", "with")

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
    _greet(raw)
    text = bytearray()
    while True:
        key = _read(1)
        if not key:
            return  # The host process has ended.
        if key in b"\x01\x02":
            raw = key == b"\x01"
            _board.set_state(48, b"\1" if raw else b"\0")
            _greet(raw)
        elif key == b"\x03":
            _write("" if raw else "\n%s" % sys.ps1)
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
            if _continues(text):
                _write(str(sys.ps2))
                text.extend(b"\n")
                continue
            _line(text, scope)
        else:
            text.extend(key)
            if not raw:
                _write(key)
            continue
        text = bytearray()


def _greet(raw):
    _write(_RAW if raw else "%s%s" % (_FRIENDLY, sys.ps1))


def _continues(text):
    # Return whether the next text line belongs to the same statement.
    text = "".join([chr(byte) for byte in text])
    depth = at = 0
    quote = ""
    while at < len(text):
        one = text[at]
        if one == "\\":
            at += 1
        elif quote:
            if text[at : at + len(quote)] == quote:
                at += len(quote) - 1
                quote = ""
        elif one in "\"'":
            quote = one * 3 if text[at : at + 3] == one * 3 else one
            at += len(quote) - 1
        elif one in "([{":
            depth += 1
        elif one in ")]}":
            depth -= 1
        elif one == "#":
            while at < len(text) and text[at] != "\n":
                at += 1
        at += 1
    if len(quote) == 3 or (depth > 0 and not quote) or at > len(text):
        return True
    first = text.replace(":", " ").replace("(", " ").split(" ", 1)[0]
    compound = text[:1] == "@" or first in _COMPOUND
    return compound and text[-1] != "\n"


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
    _write(str(sys.ps1))
