# The hardware below the stand-ins: flash, clock, watchdog, reset. It opens its files before `/` is
# remounted, because host files cannot be opened after that. alink_sim/board/interpreter/state.py
# documents the layout of state.bin.
import struct
import sys

import uos
import uselect
import utime
from micropython import const

HARD_RESET = const(2)
WDT_RESET = const(3)
_CUT = const(9)
_FOREVER = const(-1)
_HANG_UP = const(16)
_MASK = const(0x3FFFFFFF)  # Ticks have 30 bits, as on an ESP32.
_SLICE = const(2)  # Real milliseconds between two reads of a ManualClock.


def _open(name, mode="r+b"):
    return open(uos.getenv("ALINK_BOARD") + "/" + name, mode)


flash = _open("flash.bin")
_state = _open("state.bin")
_waiting = _open("waiting")
hosts = _open("hosts", "r")
wifi = _open("wifi", "r")
clock = uos.getenv("ALINK_CLOCK")
if clock:
    clock = open(clock, "rb")
stdin = uselect.poll()  # Input of the serial port; it closes when the host process ends.
stdin.register(sys.stdin, 1)
keys = stdin if uos.getenv("ALINK_KEYS") else None  # The serial port, if the board has one.
_now = bytearray(8)
_looks = bytearray(2)  # How often waits looked at clock and sockets; the number of the wait.
_dog = None  # Ticks at which the watchdog resets the board.
_dog_ms = 0
hook = None  # Runs interrupts and timers (_interrupts.py).
ballast = []  # Heap that peripherals take, because they use none on a chip (heap.py).

# State that survives the process


def state(offset, size):
    _state.seek(offset)
    return _state.read(size)


def set_state(offset, data):
    _state.seek(offset)
    _state.write(data)


def restart(cause):
    # End the process at once: like a reset, without `finally` and without closing files.
    set_state(1, bytes((cause,)))
    uos.system("kill -9 $PPID")
    while True:
        pass


# Flash. Writing allocates no heap, as on a chip.

_chunk = bytearray(64)


def _begin(size):
    # Count an operation, together with the ROM; return how many bytes it writes before a cut.
    operations, cut = struct.unpack("<II", state(4, 8))
    set_state(4, struct.pack("<I", operations + 1))
    return size // 2 if operations + 1 == cut else size


def read(offset, size):
    flash.seek(offset)
    return flash.read(size)


def read_into(offset, buffer):
    flash.seek(offset)
    flash.readinto(buffer)


def write(offset, data):
    size = _begin(len(data))
    for at in range(0, size, 64):
        count = min(64, size - at)
        flash.seek(offset + at)
        flash.readinto(_chunk, count)
        for index in range(count):
            _chunk[index] &= data[at + index]
        flash.seek(offset + at)
        flash.write(_chunk, count)
    if size < len(data):
        restart(_CUT)


def erase(offset):
    size = _begin(4096)
    for index in range(64):
        _chunk[index] = 0xFF
    flash.seek(offset)
    for _ in range(size // 64):
        flash.write(_chunk)
    if size < 4096:
        restart(_CUT)


def rare(module):
    # Return the `__getattr__` of a module: the host has what only few programs use.
    return lambda name: __import__("_peripherals").find(module, name)


def release(size):
    # Free as many pieces of ballast for a module of peripherals, which calls this as it loads.
    for _ in range(min(size, len(ballast))):
        ballast.pop()


# ROM

_pipes = uos.getenv("ALINK_ROM_CALLS").split()
_calls = open("/dev/fd/" + _pipes[0], "wb")
_answers = open("/dev/fd/" + _pipes[1], "rb")


def call(method, namespace, key, data=b"", buffer=None):
    # Calls the chip's ROM (alink_sim/board/interpreter/rom.py). Returns its reply, or reads the
    # reply into `buffer` and returns its size.
    key = key.encode()
    _calls.write(struct.pack("<BBBI", method, namespace, len(key), len(data)) + key)
    _calls.write(data)
    number, size = struct.unpack("<iI", _answers.read(8))
    if buffer is not None and not number:
        return _answers.readinto(buffer, size) if size else 0
    data = _answers.read(size)
    if number:
        raise OSError(number, str(data, "ascii")) if data else OSError(number)
    return data


# Time


def now():
    # Return milliseconds since 1970.
    if not clock:
        return utime.time_ns() // 1000000
    clock.seek(0)
    clock.readinto(_now)
    return struct.unpack("<Q", _now)[0]


def ticks():
    # Return milliseconds: of a ManualClock modulo 2 ** 30, or else of the interpreter, like its
    # asyncio. Also check the watchdog and Ctrl-C.
    if clock:
        clock.seek(0)
        clock.readinto(_now)
        at = _now[0] | _now[1] << 8 | _now[2] << 16 | (_now[3] & 0x3F) << 24
    else:
        at = utime.ticks_ms()
    if _dog is not None and (_dog - at - 1) & _MASK > _MASK >> 1:
        restart(WDT_RESET)
    while keys and keys.poll(0):
        key = sys.stdin.buffer.read(1)
        if not key:
            restart(0)  # The host process has ended.
        if key == b"\x03":
            raise KeyboardInterrupt
    if hook:
        hook()
    return at


def watch(ms):
    # Start the watchdog, or feed it with ms=0.
    global _dog, _dog_ms
    _dog_ms = ms or _dog_ms
    _dog = ticks() + _dog_ms


def announce(deadline, kind):
    _waiting.seek(0)
    _waiting.write(struct.pack("<QBBB", deadline, kind, _looks[0], _looks[1]))


def wait(ms, kind, poll=None):
    # Wait `ms` milliseconds (-1: forever) or until `poll` has events; return these events.
    ticks()
    found = poll.poll(0) if poll else None
    if found and air()[0] == 1:
        found = None  # The radio carries nothing.
    if found or ms == 0:
        return found
    end = 0xFFFFFFFFFFFFFFFF if ms < 0 else now() + ms
    _looks[1] = (_looks[1] + 1) & 0xFF
    if clock and not hook:
        announce(end, kind)
    while not found:
        left = end - now()
        if left <= 0:
            break
        if hook:
            left = min(left, hook(end, kind))
        for _, event in stdin.ipoll(0):
            if event & _HANG_UP:
                restart(0)  # The host process has ended.
        step = _SLICE if clock else min(left, 1000 if _dog is None and not keys else 20)
        if poll and air()[0] != 1:
            found = poll.poll(step)
        else:
            utime.sleep_ms(step)
        ticks()
        if clock:
            _looks[0] = (_looks[0] + 1) & 0xFF
            _waiting.seek(9)
            _waiting.write(_looks)
    if clock:
        announce(0, kind)
    return found


def air():
    # Return 1 if the radio is silent, 2 behind a captive portal, and its delay in 10 ms.
    _state.seek(50)
    _state.readinto(_chunk, 2)
    return _chunk


base = struct.unpack("<Q", state(16, 8))[0]  # Start of the RTC: its 2000-01-01.


def set_base(ms):
    global base
    base = ms
    set_state(16, struct.pack("<Q", ms))


if not base:
    set_base(now())
