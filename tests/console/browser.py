"""Debian's Chromium without a screen, driven by Playwright."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

REQUIRE = "ALINK_REQUIRE_CHROMIUM"
PROGRAM = Path("/usr/bin/chromium")

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Yield a browser; skip by name where it is missing, and fail where CI requires it."""
    if not PROGRAM.exists():
        reason = f"chromium: {PROGRAM} is missing; `make system` installs it"
        if os.environ.get(REQUIRE):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=_FLAGS)
        try:
            yield browser
        finally:
            browser.close()
