"""The eFuses of a chip with an HMAC unit: blocks in a file, and the controller's registers.

The technical reference manuals of the ESP32-C3, -S3, -S2 and -C6, chapter "eFuse Controller": a
bit becomes 1 for ever. A key block can be protected from writes and from reads by software; the
HMAC unit still reads it. An offset is relative to the chip's eFuse base.
"""

from __future__ import annotations

from pathlib import Path

WORDS = 8  # Of a block in the file; BLOCK0 and BLOCK1 use 6.
BLOCKS = 11
KEYS = 6
FIRST_KEY = 4  # The number of BLOCK_KEY0.

_PROGRAM, _READ = 2, 1
_PROGRAMS, _READS = 0x5A5A, 0x5AA5
_CONF, _CMD = 0x1CC, 0x1D4
_SIZE = 0x200
_STARTS = (0x2C, 0x44, 0x5C, *(0x7C + 0x20 * n for n in range(8)))


class Efuses:
    """The eFuses in a file of 352 bytes, eleven blocks of eight words."""

    def __init__(self, path: Path, base: int) -> None:
        """`base` is the address of the controller. A missing file is a new chip."""
        self._path = path
        self._base = base
        self._registers: dict[int, int] = {}

    def has(self, address: int) -> bool:
        """Return whether an address belongs to the controller."""
        return self._base <= address < self._base + _SIZE

    def read(self, address: int) -> int:
        """Return a word as software sees it: 0 for a block that is protected from reads."""
        offset = address - self._base
        for number, start in enumerate(_STARTS):
            count = 6 if number < 2 else WORDS
            if start <= offset < start + 4 * count:
                key = number - FIRST_KEY
                if 0 <= key < KEYS and self.is_read_protected(key):
                    return 0
                return self._words(number)[(offset - start) // 4]
        return self._registers.get(offset, 0)

    def write(self, address: int, value: int) -> None:
        """Change a register; a command programs the block that it names."""
        offset = address - self._base
        self._registers[offset] = value & 0xFFFFFFFF
        if offset == _CMD:
            self._registers[offset] = 0  # The command ends before anyone reads the register.
            if value & 3 == _PROGRAM and self._registers.get(_CONF) == _PROGRAMS:
                self._program(value >> 2 & 0xF)

    def purpose(self, key: int) -> int:
        """Return the purpose of key block 0 to 5; 8 is HMAC_UP."""
        word, bit = (2, 24 + 4 * key) if key < 2 else (3, 4 * (key - 2))
        return self._words(0)[word] >> bit & 0xF

    def is_read_protected(self, key: int) -> bool:
        """Return whether software cannot read a key block."""
        return bool(self._words(0)[1] >> key & 1)

    def key(self, key: int) -> bytes:
        """Return the 32 bytes of a key block, as the HMAC unit gets them."""
        return b"".join(word.to_bytes(4, "little") for word in self._words(FIRST_KEY + key))

    def burn_key(self, key: int, value: bytes, *, purpose: int = 8, protect: bool = True) -> None:
        """Burn a key block without a controller, for tests; the value is padded with zeros."""
        data = value.ljust(32, b"\0")
        words = [int.from_bytes(data[at : at + 4], "little") for at in range(0, 32, 4)]
        self._burn(FIRST_KEY + key, words)
        word, bit = (2, 24 + 4 * key) if key < 2 else (3, 4 * (key - 2))
        zero = [0] * WORDS
        zero[word] = purpose << bit
        zero[1] |= protect << key
        self._burn(0, zero)

    def _program(self, block: int) -> None:
        data = [self._registers.get(4 * at, 0) for at in range(WORDS)]
        locked = self._words(0)[0]
        if block:
            if locked >> (19 + block) & 1 or any(self._words(block)):
                return  # Protected; or a second time, which spoils the code of a real block.
        else:
            if locked & 1:
                data[1] &= ~0x7F
            for key in range(KEYS):
                if locked >> (8 + key) & 1:
                    word, bit = (2, 24 + 4 * key) if key < 2 else (3, 4 * (key - 2))
                    data[word] &= ~(0xF << bit)
        self._burn(block, data)

    def _burn(self, block: int, data: list[int]) -> None:
        content = bytearray(self._content())
        for at, word in enumerate(data):
            start = 4 * (WORDS * block + at)
            present = int.from_bytes(content[start : start + 4], "little")
            content[start : start + 4] = (present | word).to_bytes(4, "little")
        self._path.write_bytes(content)

    def _words(self, block: int) -> list[int]:
        content = self._content()
        start = 4 * WORDS * block
        return [
            int.from_bytes(content[at : at + 4], "little")
            for at in range(start, start + 4 * WORDS, 4)
        ]

    def _content(self) -> bytes:
        try:
            return self._path.read_bytes()
        except FileNotFoundError:
            return bytes(4 * WORDS * BLOCKS)
