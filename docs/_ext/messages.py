"""Read the messages of device, platform and line from their source.

A message is the text of an error or of a log line, or a sentence that a function returns, yields
or appends for one; "…" stands for each value in it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PARTS = {
    "device": ("firmware/alink",),
    "platform": ("host_sim/alink_sim/platform", "host_sim/alink_sim/thing_model"),
    "line": ("tools/alink_factory", "tools/alink_formats"),
}
# Classes whose texts are for programmers, and calls that write a log line.
_NOT_ERRORS = {"NotImplementedError", "AssertionError"}
_NO_MESSAGES = {"thing_model/stub.py"}  # It writes Python.
_LOGS = {"log", "_log"}
_SENTENCE = 4  # Words; a shorter text that a function returns is a name or a value.
_VALUE = re.compile(r"%[-+ #0]*\d*(?:\.\d+)?[a-zA-Z]")
_WORD = re.compile(r"[A-Za-z]{2,}")
_GAP = "…"


@dataclass(frozen=True)
class Message:
    """One message: its text, its error ("" without one), its module, and what the code advises.

    `module` is a path below the root of the part; `code` is the name of the platform's code.
    """

    text: str
    error: str
    module: str
    advice: str = ""
    code: str = ""


@cache
def messages(part: str) -> tuple[Message, ...]:
    """Return the messages of "device", "platform" or "line" by module, each text once a module."""
    found: dict[tuple[str, str], Message] = {}
    for folder in PARTS[part]:
        root = ROOT / folder
        for path in sorted(root.rglob("*.py")):
            module = f"{root.name}/{path.relative_to(root).as_posix()}"
            if module in _NO_MESSAGES:
                continue
            for one in in_module(path.read_text(encoding="utf-8"), module):
                found.setdefault((one.module, one.text), one)
    return tuple(found.values())


def in_module(source: str, module: str) -> Iterator[Message]:
    """Yield the messages of one module: errors and log lines first, then other sentences."""
    tree = ast.parse(source)
    constants = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    nodes = list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.Call):
            yield from _of_call(node, module, constants)
    for node in nodes:
        for value in _said(node):
            for text in _texts(value, constants):
                if text.count(" ") >= _SENTENCE - 1 and len(_WORD.findall(text)) >= _SENTENCE:
                    yield Message(text, "", module)


def _of_call(node: ast.Call, module: str, constants: dict[str, ast.expr]) -> Iterator[Message]:
    """Yield the messages of a call that makes an error or writes a log line."""
    name = _name(node.func)
    is_error = name.endswith(("Error", "Violation")) and name not in _NOT_ERRORS
    if not is_error and name not in _LOGS:
        return
    advice = " ".join(
        text
        for keyword in node.keywords
        if keyword.arg == "advice"
        for text in _texts(keyword.value, constants)
    )
    code = next((one.attr for one in node.args if _is_code(one)), "")  # type: ignore[attr-defined]
    for one in node.args:
        for text in _texts(one, constants):
            if len(_WORD.findall(text)) > 1 and " " in text:
                yield Message(text, name if is_error else "", module, advice, code)


def _said(node: ast.AST) -> Iterator[ast.expr]:
    """Yield the values that a node returns, yields, or appends to a list of mistakes."""
    if isinstance(node, ast.Return | ast.Yield) and node.value:
        yield node.value
    elif isinstance(node, ast.Call) and _name(node.func) == "append":
        yield from node.args


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _is_code(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and _name(node.value) == "Code"


def _texts(node: ast.expr, constants: dict[str, ast.expr]) -> Iterator[str]:
    """Yield the texts that an argument can be; a conditional expression can be two."""
    if isinstance(node, ast.IfExp):
        yield from _texts(node.body, constants)
        yield from _texts(node.orelse, constants)
    elif isinstance(node, ast.Name) and isinstance(constants.get(node.id), ast.Constant):
        yield from _texts(constants[node.id], {})
    elif text := _text(node):
        yield " ".join(text.split())


def _text(node: ast.expr) -> str:
    """Return a text with gaps for its values; "" for an argument that is not a text."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(one.value) if isinstance(one, ast.Constant) else _GAP for one in node.values
        )
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return _VALUE.sub(_GAP, _text(node.left)).replace("%%", "%")
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        sides = _text(node.left), _text(node.right)
        return "".join(side or _GAP for side in sides) if any(sides) else ""
    return ""
