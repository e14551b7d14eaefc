"""The English sentences of the platform that a page of the console may show, read from its source.

An f-string counts with numbers for its values: `f"up to {most} go"` is "up to {0} go".
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

HOST = Path(__file__).parents[2] / "host_sim" / "alink_sim"
ROOMS = (
    "bounded_json.py",
    "thing_model/check.py",
    "thing_model/model.py",
    "thing_model/modules.py",
    "../../tools/alink_formats/tables.py",
    "platform/_cloud.py",
    "platform/_ota.py",
    "platform/access",
    "platform/console",
    "platform/core.py",
    "platform/faults",
    "platform/https",
    "platform/lifecycle.py",
    "platform/mqtt",
    "platform/openapi",
    "platform/ota",
    "platform/platform.py",
    "platform/state/data_script.py",
    "platform/state/entities.py",
    "platform/state/event_log.py",
    "platform/state/instances.py",
    "platform/state/ota_bucket.py",
    "platform/state/refusal.py",
    "platform/state/registry.py",
    "platform/state/tables.py",
    "platform/state/verification.py",
    "platform/topics",
)

# No person reads them on a page: HTTP headers, and errors of other callers than the console.
NOT_SHOWN = {
    "after that",
    (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "; {0} has no {1}: {2}",
    "it has {0}",
    "; the clock of this platform stands still until the test advances it",
    "no event {0}{1}{2}{3}; {4}",
    "nothing happened: no device has reached this platform",
    "private, max-age=300",
    "the log ends ({0} of {1}, seconds before the last):",
    "{0} has been served before (it holds an access key)",
    "{0} holds no access key: remove it, and a new one is made",
    "{0} is not an event filter",
}

# Joined from a list, and what the operating system says.
NOT_IN_SOURCE = {"{0} or {1}", "Broken pipe", "Connection reset by peer"}

_WORD = re.compile(r"(?<![\w/{.])[A-Za-z]{2,}(?![\w}])")


def sentences() -> set[str]:
    """Return every text of the covered modules that has two English words or more."""
    return {text for text in texts() if _is_sentence(text)} - NOT_SHOWN


def texts() -> set[str]:
    """Return every text of the covered modules."""
    return {text for path in _modules() for text in _texts(path)}


def _modules() -> Iterator[Path]:
    for room in ROOMS:
        path = HOST / room
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path]


def _is_sentence(text: str) -> bool:
    return " " in text and "<" not in text and len(_WORD.findall(text)) > 1


def _texts(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text())
    skipped: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):  # A docstring.
            skipped.add(id(node.value))
        elif isinstance(node, ast.JoinedStr):
            skipped.update(id(one) for one in node.values)
        elif isinstance(node, ast.Call) and _name(node.func) in ("_", "words"):
            skipped.update(map(id, node.args))  # The catalog of pages has it.
        if id(node) in skipped:
            continue
        if isinstance(node, ast.JoinedStr):
            yield _numbered(node).strip()
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value.strip()


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _numbered(node: ast.JoinedStr) -> str:
    number = itertools.count()
    return "".join(
        str(one.value) if isinstance(one, ast.Constant) else f"{{{next(number)}}}"
        for one in node.values
    )
