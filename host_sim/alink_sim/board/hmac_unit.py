"""The HMAC unit behind `machine.mem32`: a judge of every step of its sequence.

The sequence is that of ESP-IDF (`hal/hmac_ll.h`, `hmac_hal.c`, `esp_hmac.c`). A chip that gets
wrong steps returns a wrong digest and no error. This one raises MisuseError at the first of them.

    clock and reset   clocks of HMAC, SHA and DS on, each of them reset after that and let go
    start             SET_START, purpose, key, SET_PARA_FINISH, then look at QUERY_ERROR
    message           sixteen words and MESSAGE_ONE, a block; MESSAGE_ING before each middle block,
                      MESSAGE_PAD before the last; ONE_BLOCK after a message of one block
    result            eight words, then RESULT_FINISH = 2

Before each write of a step the unit has to be idle. The software pads: the length in bits includes
the block of the key.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from alink_sim.board.efuses import KEYS, Efuses

UPSTREAM = 8

_BUSY_READS = 2  # How often QUERY_BUSY reads 1 after a step.


class MisuseError(OSError):
    """The firmware drives the unit in another way than the manual; the text says how."""

    def __init__(self, text: str) -> None:
        super().__init__(-1, f"HMAC unit: {text}")


@dataclass(frozen=True)
class Gate:
    """The clock and the reset of a unit: a register and a bit of each."""

    clock: int
    clock_bit: int
    reset: int
    reset_bit: int


@dataclass(frozen=True)
class Family:
    """The addresses of one chip: HMAC unit, eFuse controller, gates of HMAC, SHA and DS."""

    hmac: int
    efuse: int
    gates: tuple[Gate, Gate, Gate]


def _shared(clock: int, reset: int) -> tuple[Gate, Gate, Gate]:
    hmac_gate, sha, ds = (Gate(clock, bit, reset, bit) for bit in (5, 2, 4))
    return hmac_gate, sha, ds


FAMILIES = {
    "esp32c3": Family(0x6003E000, 0x60008800, _shared(0x600C0014, 0x600C001C)),
    "esp32s3": Family(0x6003E000, 0x60007000, _shared(0x600C001C, 0x600C0024)),
    "esp32s2": Family(0x6003E000, 0x3F41A000, _shared(0x3F4C0044, 0x3F4C004C)),
    "esp32c6": Family(
        0x6008D000,
        0x600B0800,
        (
            Gate(0x600960E4, 0, 0x600960E4, 1),
            Gate(0x600960CC, 0, 0x600960CC, 1),
            Gate(0x600960E0, 0, 0x600960E0, 1),
        ),
    ),
}
"""The chips with an HMAC unit, by esptool's name."""


class HmacUnit:
    """The unit of one chip, from its reset on. `reads` and `writes` are the only way in."""

    def __init__(self, family: Family, efuses: Efuses) -> None:
        self._family = family
        self._efuses = efuses
        self._words: dict[int, int] = {}
        self._resets: set[int] = set()  # Gates that were reset since their clock is on.
        self._state = "idle"
        self._busy = 0
        self._purpose = self._key = -1
        self._looked = False  # Whether QUERY_ERROR was read.
        self._next = ""  # The next block as announced: "", "more" or "last".
        self._block: dict[int, int] = {}
        self._message = b""
        self._digest = b""

    @property
    def is_at_rest(self) -> bool:
        """Return whether the last result was forgotten and the clocks are off again."""
        return self._state == "idle" and not any(map(self._is_clocked, self._family.gates))

    def read(self, address: int) -> int:
        """Return the word at an address. Raises MisuseError."""
        if self._efuses.has(address):
            return self._efuses.read(address)
        offset = address - self._family.hmac
        if not 0 <= offset < 0x100:
            return self._gate_word(address)
        self._check_power()
        if offset == 0x6C:
            self._busy = max(0, self._busy - 1)
            return int(self._busy > 0)
        if offset == 0x68:
            self._looked = True
            return int(self._state == "error")
        if 0xC0 <= offset < 0xE0:
            if self._state != "result" or self._busy:
                raise MisuseError("the result is read before it is there")
            at = offset - 0xC0
            return int.from_bytes(self._digest[at : at + 4], "little")
        raise MisuseError(f"offset {offset:#x} cannot be read")

    def write(self, address: int, value: int) -> None:
        """Change the word at an address. Raises MisuseError."""
        if self._efuses.has(address):
            self._efuses.write(address, value)
            return
        offset = address - self._family.hmac
        if not 0 <= offset < 0x100:
            self._write_gate(address, value)
            return
        self._check_power()
        if 0x80 <= offset < 0xC0:
            self._take_word(offset, value)
            return
        step = _STEPS.get(offset)
        if step is None:
            raise MisuseError(f"offset {offset:#x} is not a register of the sequence")
        if self._busy:
            raise MisuseError(f"{step} while the unit is busy")
        self._step(step, value)

    def _step(self, step: str, value: int) -> None:
        if step == "RESULT_FINISH":
            if value != 2:
                raise MisuseError(f"RESULT_FINISH is {value}, not 2")
            self._state, self._message, self._digest = "idle", b"", b""
            self._purpose = self._key = -1
            return
        if step in ("PURPOSE", "KEY"):
            self._set_parameter(step, value)
            return
        if value != 1:
            raise MisuseError(f"{step} is {value}, not 1")
        {
            "START": self._start,
            "PARA_FINISH": self._configure,
            "MESSAGE_ONE": self._take_block,
            "MESSAGE_ING": lambda: self._announce("more"),
            "MESSAGE_PAD": lambda: self._announce("last"),
            "ONE_BLOCK": self._finish_one,
        }[step]()

    def _set_parameter(self, step: str, value: int) -> None:
        if self._state != "started":
            raise MisuseError(f"{step} is set while the unit is {self._state}")
        if step == "PURPOSE":
            self._purpose = value
        else:
            self._key = value

    def _start(self) -> None:
        if self._state != "idle":
            raise MisuseError("START before the last result was forgotten")
        self._state, self._looked, self._next = "started", False, ""
        self._message, self._block = b"", {}
        self._works()

    def _configure(self) -> None:
        if self._state != "started":
            raise MisuseError("PARA_FINISH before START")
        if self._purpose != UPSTREAM or not 0 <= self._key < KEYS:
            raise MisuseError("PARA_FINISH without purpose 8 and a key block")
        good = self._efuses.purpose(self._key) == self._purpose
        self._state, self._looked = "configured" if good else "error", False
        self._works()

    def _take_word(self, offset: int, value: int) -> None:
        if self._busy:
            raise MisuseError("a word of the message while the unit is busy")
        if not self._looked:
            raise MisuseError("a message before QUERY_ERROR was read")
        if self._state not in ("configured", "message"):
            raise MisuseError(f"a message while the unit is {self._state}")
        if self._state == "message" and not self._next:
            raise MisuseError("another block without MESSAGE_ING or MESSAGE_PAD")
        self._block[offset] = value & 0xFFFFFFFF

    def _take_block(self) -> None:
        if len(self._block) != 16:
            raise MisuseError(f"MESSAGE_ONE after {len(self._block)} words of 16")
        self._message += b"".join(
            self._block[offset].to_bytes(4, "little") for offset in sorted(self._block)
        )
        self._block = {}
        self._state = "message"
        if self._next == "last":
            self._finish()
        self._next = ""
        self._works()

    def _announce(self, what: str) -> None:
        if self._state != "message" or self._next:
            raise MisuseError("MESSAGE_ING or MESSAGE_PAD without a block before it")
        self._next = what
        self._works()

    def _finish_one(self) -> None:
        if self._state != "message" or len(self._message) != 64:
            raise MisuseError("ONE_BLOCK after another number of blocks than one")
        self._finish()
        self._works()

    def _finish(self) -> None:
        self._digest = hmac.digest(self._efuses.key(self._key), _unpadded(self._message), "sha256")
        self._state = "result"

    def _works(self) -> None:
        self._busy = _BUSY_READS

    # Clocks and resets

    def _gate_word(self, address: int) -> int:
        if not any(address in (gate.clock, gate.reset) for gate in self._family.gates):
            raise MisuseError(f"{address:#x} is not a register of this chip that is simulated")
        return self._words.get(address, 0)

    def _write_gate(self, address: int, value: int) -> None:
        self._gate_word(address)
        before = [self._is_held(gate) for gate in self._family.gates]
        self._words[address] = value & 0xFFFFFFFF
        for number, (gate, held) in enumerate(zip(self._family.gates, before, strict=True)):
            if not self._is_clocked(gate):
                self._resets.discard(number)
            elif held and not self._is_held(gate):
                self._resets.add(number)

    def _is_clocked(self, gate: Gate) -> bool:
        return bool(self._words.get(gate.clock, 0) >> gate.clock_bit & 1)

    def _is_held(self, gate: Gate) -> bool:
        return bool(self._words.get(gate.reset, 0) >> gate.reset_bit & 1)

    def _check_power(self) -> None:
        for number, (name, gate) in enumerate(
            zip(("HMAC", "SHA", "DS"), self._family.gates, strict=True)
        ):
            if not self._is_clocked(gate):
                raise MisuseError(f"{name} has no clock")
            if self._is_held(gate):
                raise MisuseError(f"{name} is held in reset")
            if number not in self._resets:
                raise MisuseError(f"{name} was not reset after its clock came on")


_STEPS = {
    0x40: "START",
    0x44: "PURPOSE",
    0x48: "KEY",
    0x4C: "PARA_FINISH",
    0x50: "MESSAGE_ONE",
    0x54: "MESSAGE_ING",
    0x5C: "RESULT_FINISH",
    0xF0: "MESSAGE_PAD",
    0xF4: "ONE_BLOCK",
}


def _unpadded(blocks: bytes) -> bytes:
    # The message in padded blocks: 0x80, zeros, and its length in bits with the key's block.
    size = (int.from_bytes(blocks[-8:], "big") - 512) // 8
    if size < 0 or size > len(blocks) - 9:
        raise MisuseError("the length at the end of the message is wrong")
    message = blocks[:size]
    padding = b"\x80" + bytes(len(blocks) - size - 9)
    if blocks[size:-8] != padding or len(padding) > 64:
        raise MisuseError("the message is not padded as SHA-256 wants it")
    return message
