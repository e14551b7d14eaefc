"""Take names out of bytecode that nothing looks up: those of parameters given by position.

MicroPython keeps each name that it has met until the next reset, also when its module is gone. A
parameter has one because a call may name it: `f(size=1)`. The SDK calls its internal functions by
position only.
"""

from __future__ import annotations

import ast
import symtable

_HEADER = 4  # Bytes: "M", version, architecture, bits of a small int.
_EMPTY = b"\x03"  # The name "", which each MicroPython has in ROM, as an entry of the table.
_INTERNED = 10  # The compiler makes a name of a text with at most as many characters.


def without(bytecode: bytes, source: str) -> bytes:
    """Return the bytecode of `source` (version 6) with "" for each name that only parameters have.

    A function can then not be called by the names of its parameters.
    """
    unused = _parameters(source) - _other_names(source)
    at = _HEADER
    count, at = _number(bytecode, at)
    _, at = _number(bytecode, at)
    table = bytearray(bytecode[:at])
    for _ in range(count):
        start = at
        size, at = _number(bytecode, at)
        if not size & 1:  # Else it is the number of a name in ROM.
            at += (size >> 1) + 1
            if bytecode[at - 1 - (size >> 1) : at - 1].decode() in unused:
                table += _EMPTY
                continue
        table += bytecode[start:at]
    return bytes(table) + bytecode[at:]


def _parameters(source: str) -> set[str]:
    return {node.arg for node in ast.walk(ast.parse(source)) if isinstance(node, ast.arg)}


def _other_names(source: str) -> set[str]:
    """Return each name that the bytecode looks up, or that a string constant may be."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(attr=name) | ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                names.add(name)
            case ast.keyword(arg=str(name)):
                names.add(name)
            case ast.Constant(value=str(text)) if len(text) <= _INTERNED:
                names.add(text)
            case ast.Import() | ast.ImportFrom():
                for alias in node.names:
                    names.update(alias.name.split("."), [alias.asname or alias.name])
                if isinstance(node, ast.ImportFrom):
                    names.update((node.module or "").split("."))
            case _:
                pass
    tables = [symtable.symtable(source, "source", "exec")]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        local = table.get_type() == "function"
        names.update(s.get_name() for s in table.get_symbols() if s.is_global() or not local)
    return names


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Return the unsigned number at `at`, seven bits a byte, and where the next byte is."""
    value = 0
    while True:
        byte = data[at]
        at += 1
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            return value, at
