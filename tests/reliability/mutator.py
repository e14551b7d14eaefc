"""Inputs of a fuzzer: valid messages that are changed in a few places."""

from __future__ import annotations

import random
from collections.abc import Sequence

TOKENS = [
    b"[" * 70,
    b"]" * 70,
    b'{"a":' * 70,
    b"NaN",
    b"1e999",
    b"9" * 400,
    b"9" * 5000,
    b"\\ud800",
    b"\xff",
    b"\0",
    b"null",
    b"true",
    b"-1",
    b"{}",
    b"[]",
    b'""',
    b"&",
    b"=",
    b"\r\n",
    b"\r\n\r\n",
    b"/ext/rrpc/1",
    b"#",
    b"+",
    b"%00",
    b"%ff",
    b"\x7f\xff",
    b"\xff\xff\xff\xff",
    b"id",
    b"params",
    b"productKey",
    b"deviceName",
    b"value",
    b"version",
    b"\x1b[2J",
    b"18446744073709551616",
    b"0.1",
]


def mutated(chance: random.Random, seeds: Sequence[bytes]) -> bytes:
    """Return an input: a byte of chance, then a seed that is changed in up to eight places."""
    data = bytearray(chance.choice(seeds))
    for _ in range(chance.choice((0, 1, 1, 2, 3, 8))):
        at = chance.randint(0, len(data))
        change = chance.randrange(6)
        if change == 0 and data:
            data[at % len(data)] ^= 1 << chance.randrange(8)
        elif change == 1:
            data[at:at] = chance.choice(TOKENS)
        elif change == 2:
            del data[at : at + chance.choice((1, 2, 8, 64))]
        elif change == 3:
            data[at:at] = chance.randbytes(chance.choice((1, 2, 16)))
        elif change == 4:
            other = chance.choice(seeds)
            data[at:] = other[chance.randint(0, len(other)) :]
        else:
            end = at + chance.choice((1, 8, 64))
            data[at:at] = bytes(data[at:end]) * chance.choice((2, 50))
    return bytes((chance.randrange(256),)) + bytes(data[:100_000])
