"""Debian's Chromium without a screen, driven by Playwright."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests.waiting import PATIENCE

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


_MILLISECONDS = PATIENCE * 1000  # Playwright's own limits are 5 and 30 seconds.


@contextmanager
def chromium() -> Iterator[Browser]:
    """Yield a browser; skip by name where it is missing, and fail where CI requires it."""
    if not PROGRAM.exists():
        reason = f"chromium: {PROGRAM} is missing; `make system` installs it"
        if os.environ.get(REQUIRE):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        expect.set_options(timeout=_MILLISECONDS)
        browser = playwright.chromium.launch(
            executable_path=PROGRAM, args=_FLAGS, timeout=_MILLISECONDS
        )
        try:
            yield browser
        finally:
            browser.close()


def new_context(browser: Browser, **options: Any) -> BrowserContext:
    """Return a fresh context, English unless `options` say otherwise; its waits are patient."""
    context = browser.new_context(**{"locale": "en-US", **options})
    context.set_default_timeout(_MILLISECONDS)
    return context
