"""`python -m alink_factory` is `alink-burn`."""

from __future__ import annotations

from alink_factory.cli import main

main()
