# `machine.Pin`, `machine.I2C` and the other peripherals hold no state here: each call goes to the
# host (alink_sim/board/peripherals). _interrupts.py runs the callbacks.
from socket import io  # The interpreter's own: the stand-in would take heap.

import _board
from micropython import const

_board.release(9)

_METHOD = const(20)  # of _board.call


def ask(*request):
    # Return the host's reply to a request, a tuple of plain values.
    data = _board.call(_METHOD, 0, "", repr(request).encode())
    _board.ticks()  # Watchdog, Ctrl-C and interrupts.
    if data[:1] == b"b":
        return data[1:]
    if data[:1] == b"!":
        name, _, text = str(data[1:], "utf-8").partition(": ")
        module, _, name = name.rpartition(".")
        raise getattr(__import__(module), name)(text)
    return eval(data) if data else None


def find(module, name):
    # Return what the attribute `name` of a module of the stock firmware is.
    kind, value = ask("find", module, name)
    if kind == "class":
        _board.release(1)
        return type(name, (Stream if value.pop("_stream") else Peripheral,), value)
    if kind == "function":
        return lambda *args, **settings: _do(None, module, name, args, settings)
    if kind == "module":
        return getattr(__import__(value), name)
    return value


class Peripheral:
    def __init__(self, *args, **settings):
        self._key = ask("new", self._module, type(self).__name__, *_plain((args, settings)))
        _keep(self, self._key, args, settings)

    def __getattr__(self, name):
        if name[0] == "_":
            raise AttributeError(name)
        return lambda *args, **settings: _do(self, self._key, name, args, settings)

    def __call__(self, *args):
        return self.value(*args)

    def __repr__(self):
        return self._key


class Stream(io.IOBase):
    # One base only: MicroPython crashes on a stream whose class has a second base.
    __init__ = Peripheral.__init__
    __getattr__ = Peripheral.__getattr__
    __repr__ = Peripheral.__repr__

    def ioctl(self, request, argument):
        # A poll; other requests get EINVAL, such as one for a file descriptor.
        return ask("do", self._key, "ioctl", (argument,), {}) if request == 3 else -22


def _do(owner, key, name, args, settings):
    plain = list(_plain(args))
    buffer = None
    if name[-4:] == "into":  # The host returns the bytes; the last buffer gets them.
        at = len(args) - 1
        while not isinstance(args[at], (bytearray, memoryview)):
            at -= 1
        buffer = memoryview(args[at])
        plain[at] = len(buffer)
    reply = ask("do", key, name, tuple(plain), _plain(settings))
    _keep(owner, key, args, settings)
    if buffer is None or reply is None:
        return reply
    buffer[: len(reply)] = reply
    return len(reply) if isinstance(owner, Stream) else None


def _keep(owner, key, args, settings):
    # Keep the callback of a call.
    for value in args + tuple(settings.values()):
        if callable(value) and not isinstance(value, (Peripheral, Stream)):
            import _interrupts

            _interrupts.handlers[key] = value, owner


def _plain(value):
    # Return a value that the host can read: a peripheral is its key, a callback is True.
    if isinstance(value, (Peripheral, Stream)):
        return value._key
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, (list, tuple)):
        return tuple(_plain(item) for item in value)
    if isinstance(value, dict):
        return {key: _plain(value[key]) for key in value}
    return True if callable(value) else value
