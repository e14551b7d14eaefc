"""The command `python -m alink_sim.toolchain [NAME...]`: fetch tools and print their paths.

Names: unix64, umqtt, unix32, chip32; the default is all. Exit code 0: all are available; 1: one
is not, and the last text line says why; 2: usage.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from alink_sim.toolchain import (
    ToolchainError,
    install_chip32,
    install_unix32,
    interpreter,
    umqtt_simple,
)


def _unix64() -> str:
    return interpreter("unix64").command[0]


def _unix32() -> str:
    install_unix32()
    return interpreter("unix32").command[0]


def _chip32() -> str:
    install_chip32()
    return interpreter("chip32").command[0]


_FETCH: dict[str, Callable[[], object]] = {
    "unix64": _unix64,
    "umqtt": umqtt_simple,
    "unix32": _unix32,
    "chip32": _chip32,
}


def main(names: list[str]) -> int:
    """Fetch each named tool; print its path, or why it is not available."""
    if unknown := sorted(set(names) - set(_FETCH)):
        print(f"Unknown tool {unknown[0]!r}: use one of {', '.join(_FETCH)}.")
        return 2
    for name in names or list(_FETCH):
        try:
            print(f"{name}: {_FETCH[name]()}")
        except ToolchainError as error:
            print(error)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
