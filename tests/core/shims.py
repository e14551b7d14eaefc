# The parts of an ESP32 that a test process lacks: call `install()` before importing device code.
#
# CPython gets the names MicroPython adds to time, sys and the module list. Both get placeholders
# for the modules that only a board has, just enough to import: a test that needs behavior puts
# its own object into sys.modules.
import gc
import sys

_CPYTHON = sys.implementation.name == "cpython"
# fmt: off
_U_NAMES = (
    "binascii", "errno", "hashlib", "io", "json", "os", "random", "re", "select", "socket", "ssl",
    "struct", "time",
)
# fmt: on


class Module:
    """A module made of keywords; MicroPython cannot make real ones."""

    def __init__(self, **names):
        for name in names:
            setattr(self, name, names[name])


class NVS:
    """esp32.NVS in memory: one dict for all namespaces, the error codes of a board."""

    items = {}

    def __init__(self, namespace):
        self._namespace = namespace

    def get_i32(self, key):
        return self._get(key)

    def set_i32(self, key, value):
        self.items[self._namespace, key] = value

    def get_blob(self, key, buffer):
        value = self._get(key)
        if len(value) > len(buffer):
            raise OSError(-4364, "ESP_ERR_NVS_INVALID_LENGTH")
        for index in range(len(value)):
            buffer[index] = value[index]
        return len(value)

    def set_blob(self, key, value):
        self.items[self._namespace, key] = bytes(value)

    def erase_key(self, key):
        self._get(key)
        del self.items[self._namespace, key]

    def commit(self):
        pass

    def _get(self, key):
        if (self._namespace, key) not in self.items:
            raise OSError(-4354, "ESP_ERR_NVS_NOT_FOUND")
        return self.items[self._namespace, key]


class Partition:
    """esp32.Partition of a board that has none we look for."""

    TYPE_APP = 0
    TYPE_DATA = 1

    @staticmethod
    def find(*_criteria, **_keywords):
        return []


def install():
    if _CPYTHON:
        _extend_time()
        _extend_sys()
        gc.threshold = lambda *_: -1
        gc.mem_alloc = gc.mem_free = lambda: 0
        for name in _U_NAMES:
            sys.modules.setdefault("u" + name, __import__(name))
        sys.modules.setdefault("micropython", _micropython())
    try:
        import ssl  # noqa: F401  (Debian's builds have only `tls`, which is enough to import)
    except ImportError:
        import tls

        sys.modules["ssl"] = tls
    for name, module in (
        ("esp", Module(flash_read=_no_flash, flash_size=lambda: 0)),
        ("esp32", Module(NVS=NVS, Partition=Partition)),
        ("machine", _machine()),
        ("network", Module(STA_IF=0)),
    ):
        sys.modules[name] = module
    if _CPYTHON:
        sys.modules["vfs"] = Module()
        _load_by_import()


def _load_by_import():
    # CPython mounts no file system, and its names cost nothing.
    import importlib

    try:
        from alink import heap
    except ImportError:
        return  # The tests of the runner have no device code.
    heap.load = lambda name, stays=False: importlib.import_module("alink." + name)


def _extend_time():
    import time

    period = 1 << 30  # ticks wrap, and code that subtracts them has to be seen to fail

    def ticks_diff(end, start):
        return ((end - start + period // 2) % period) - period // 2

    time.ticks_ms = lambda: time.monotonic_ns() // 1000000 % period
    time.ticks_us = lambda: time.monotonic_ns() // 1000 % period
    time.ticks_add = lambda ticks, delta: (ticks + delta) % period
    time.ticks_diff = ticks_diff
    time.sleep_ms = lambda ms: time.sleep(ms / 1000)
    time.sleep_us = lambda us: time.sleep(us / 1000000)


def _extend_sys():
    import traceback

    def print_exception(error, file=sys.stdout):
        traceback.print_exception(type(error), error, error.__traceback__, file=file)

    sys.print_exception = print_exception


def _micropython():
    return Module(
        const=lambda value: value,
        native=lambda function: function,
        viper=lambda function: function,
        schedule=lambda function, argument: function(argument),
    )


def _machine():
    return Module(
        PWRON_RESET=1,
        HARD_RESET=2,
        WDT_RESET=3,
        DEEPSLEEP_RESET=4,
        SOFT_RESET=5,
        reset=_reset,
        reset_cause=lambda: 1,
        unique_id=lambda: b"\xa0\xb7\x65\x12\x34\x56",
    )


def _reset():
    raise SystemExit("machine.reset")


def _no_flash(_offset, _buffer):
    raise OSError(-1, "ESP_FAIL")
