"""The data-parsing script of a product: bytes to Alink messages, and back.

docs/reference/protocol.md, "TSL". The real platform runs a script that the product's owner wrote;
here it is an object with two functions. `from_source` makes it of a Python script with the
functions that the vendor's Python scripts have.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from alink_sim.platform.state.refusal import Code


class ScriptError(Exception):
    """A script failed, or returned a wrong type; `code` is of the vendor's table."""

    def __init__(self, code: Code, text: str) -> None:
        """Keep the code."""
        super().__init__(text)
        self.code = code


class SourceError(ValueError):
    """A source is not a script; the text says why and what to do."""


@dataclass(frozen=True)
class Script:
    """What parses a product's bytes.

    `to_alink` makes a request or a reply of them, a dict as it would stand on the wire, and
    `to_raw` the bytes of one.
    """

    to_alink: Callable[[bytes], dict[str, Any]]
    to_raw: Callable[[dict[str, Any]], bytes]

    def read(self, data: bytes) -> dict[str, Any]:
        """Return what bytes say. Raises ScriptError 26002 or 26006."""
        body = _run(self.to_alink, data)
        if not isinstance(body, dict):
            raise ScriptError(Code.SCRIPT_RESULT, "the script gives no object")
        return body

    def write(self, message: bytes) -> bytes:
        """Return the bytes for an Alink message. Raises ScriptError 26002 or 26006."""
        data = _run(self.to_raw, json.loads(message))
        if not isinstance(data, bytes):
            raise ScriptError(Code.SCRIPT_RESULT, "the script gives no bytes")
        return data


def from_source(source: str, *, where: str) -> Script:
    """Return the script of Python source, run with the rights of the platform's process.

    It defines `raw_data_to_protocol(bytes)`, which returns a dict, and
    `protocol_to_raw_data(dict)`, which returns bytes. `where` names it in errors. Raises
    SourceError.
    """
    namespace: dict[str, Any] = {"__name__": "alink_data_script"}
    try:
        exec(compile(source, where, "exec"), namespace)  # noqa: S102 (its whole purpose)
    except Exception as error:
        raise SourceError(f"{where} is not a script: {error!r}") from error
    for name in ("raw_data_to_protocol", "protocol_to_raw_data"):
        if not callable(namespace.get(name)):
            raise SourceError(f"{where} has no function {name}: define it")
    return Script(namespace["raw_data_to_protocol"], namespace["protocol_to_raw_data"])


def _run(function: Callable[[Any], Any], given: Any) -> Any:
    try:
        return function(given)
    except Exception as error:
        raise ScriptError(Code.SCRIPT_FAILED, f"the script failed: {error!r}") from error
