"""`python -m alink_sim.toolchain [NAME...]`: fetch what is fetched, say what is there.

Names: unix64, umqtt, unix32; all by default. Exit code 0 all there, 1 something is not (its
sentence is the last line), 2 usage.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from alink_sim.toolchain import ToolchainError, install_unix32, interpreter, umqtt_simple


def _unix64() -> str:
    return interpreter("unix64").command[0]


def _unix32() -> str:
    install_unix32()
    return interpreter("unix32").command[0]


_FETCH: dict[str, Callable[[], object]] = {
    "unix64": _unix64,
    "umqtt": umqtt_simple,
    "unix32": _unix32,
}


def main(names: list[str]) -> int:
    """Fetch each named tool and print where it is, or why it is not."""
    if unknown := sorted(set(names) - set(_FETCH)):
        print(f"There is no tool {unknown[0]!r}: choose from {', '.join(_FETCH)}.")
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
