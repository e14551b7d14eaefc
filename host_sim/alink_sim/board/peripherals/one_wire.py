"""A 1-Wire bus, bit by bit: reset, the commands that select a device, and what follows them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable

SEARCH, READ_ROM, MATCH, SKIP = 0xF0, 0x33, 0x55, 0xCC

# A device between two slots: it yields the bit that it sends (None: it only listens) and receives
# the level of the slot.
_Steps = Generator[int | None, int, None]
_ByteSteps = Generator[int | None, int, int]


def crc8(data: bytes) -> int:
    """Return the CRC of 1-Wire: polynomial 0x31 reflected, start 0."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x8C if crc & 1 else 0)
    return crc


class OneWirePart:
    """A device on a 1-Wire bus; a real one overrides `command` and `received`."""

    def __init__(self, family: int, serial: int) -> None:
        """`family` is the first byte of the ROM code, `serial` the number in the next six."""
        code = bytes((family,)) + serial.to_bytes(6, "little")
        self.rom = code + bytes((crc8(code),))
        self._steps: _Steps | None = None
        self._bit: int | None = None

    def command(self, number: int) -> Iterable[int]:
        """Run a function command and return the bytes of its reply."""
        raise NotImplementedError

    def received(self, data: bytes) -> None:
        """Store the bytes that follow the command; called after each of them."""

    def reset(self) -> None:
        """Wait for a command that selects a device, as after the reset pulse of the bus."""
        self._steps = self._session()
        self._bit = next(self._steps)

    def level(self, bit: int) -> int:
        """Return the level of a slot that the master begins with `bit`."""
        return bit if self._bit is None else bit & self._bit

    def end_slot(self, level: int) -> None:
        """Finish a slot, which had this level."""
        if self._steps is None:
            return
        try:
            self._bit = self._steps.send(level)
        except StopIteration:
            self._steps, self._bit = None, None

    def _session(self) -> _Steps:
        select = yield from _byte()
        code = int.from_bytes(self.rom, "little")
        bits = [code >> number & 1 for number in range(64)]
        if select == READ_ROM:
            yield from _send(self.rom)
        elif select == MATCH:
            for bit in bits:
                if (yield None) != bit:
                    return
        elif select == SEARCH:
            for bit in bits:
                yield bit
                yield 1 - bit
                if (yield None) != bit:
                    return
            return
        elif select != SKIP:
            return
        yield from self._function()

    def _function(self) -> _Steps:
        reply = bytes(self.command((yield from _byte())))
        yield from _send(reply)
        data = b""
        while not reply:
            data += bytes(((yield from _byte()),))
            self.received(data)


def _byte() -> _ByteSteps:
    value = 0
    for number in range(8):
        value |= (yield None) << number
    return value


def _send(data: bytes) -> _Steps:
    for byte in data:
        for number in range(8):
            yield byte >> number & 1


class OneWireBus:
    """The devices on a pin. The firmware is the master."""

    def __init__(self, parts: Callable[[], list[OneWirePart]]) -> None:
        """`parts` returns the devices that are connected now."""
        self._parts = parts

    def reset(self) -> bool:
        """Send the reset pulse; return whether a device is present."""
        parts = self._parts()
        for part in parts:
            part.reset()
        return bool(parts)

    def slot(self, bit: int) -> int:
        """Write a bit and return the level that the bus had; 1 also reads a bit."""
        parts = self._parts()
        level = bit
        for part in parts:
            level &= part.level(bit)
        for part in parts:
            part.end_slot(level)
        return level

    def search(self) -> list[bytes]:
        """Return the ROM codes of all devices, by the search of the 1-Wire specification."""
        found: list[bytes] = []
        path: int | None = 0  # The bits to choose where devices differ.
        fork = -1
        while path is not None:
            code, last = self._pass(path, fork)
            if code is None:
                break
            found.append(code.to_bytes(8, "little"))
            path, fork = (None, -1) if last < 0 else (code & (1 << last) - 1 | 1 << last, last)
        return found

    def _pass(self, path: int, fork: int) -> tuple[int | None, int]:
        # One pass of the search: follow `path` up to bit `fork`, then choose 0 at each
        # difference. Return the code and the last difference at which it chose 0, or -1.
        if not self.reset():
            return None, -1
        for number in range(8):
            self.slot(SEARCH >> number & 1)
        code, last = 0, -1
        for number in range(64):
            bit, complement = self.slot(1), self.slot(1)
            if bit and complement:
                return None, -1
            if not bit and not complement:
                bit = path >> number & 1 if number <= fork else 0
                last = last if bit else number
            code |= bit << number
            self.slot(bit)
        return code, last
