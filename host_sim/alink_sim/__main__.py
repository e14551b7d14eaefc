"""`python -m alink_sim` is `alink-sim`; a missing part is reported in one sentence."""

from __future__ import annotations

import sys

from alink_formats import extras
from alink_formats.errors import ToolchainError


def main() -> None:
    """Run the command; a missing package is one sentence and exit code 2."""
    try:
        with extras.required("sim"):
            from alink_sim import cli  # noqa: PLC0415  it imports what may be missing

            cli.main()
    except ToolchainError as error:
        sys.stderr.write(f"alink-sim: {error}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
