from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from tests.console.browser import chromium, new_context
from tests.console.world import World, fill, small_world


@pytest.fixture(scope="session")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one CA for all tests of the console."""
    return tmp_path_factory.mktemp("ca")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # Playwright keeps an event loop running in this thread: other modules need asyncio.run.
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def world(ca: Path) -> Iterator[World]:
    with small_world(ca) as world:
        yield world


@pytest.fixture(scope="module")
def full(world: World) -> World:
    """A world with a thousand devices, a gateway, an update under way, and a fault."""
    fill(world)
    return world


@pytest.fixture
def open_page(browser: Browser, world: World) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a page of the console in a browser that has the token.

    Each test fails on a script error, and on what the content security policy refuses.
    """
    complaints: list[str] = []
    contexts: list[BrowserContext] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and "status of 4" not in message.text:
            complaints.append(message.text)

    def open_page(path: str = "/", **options) -> Page:
        context = new_context(browser, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", note)
        page.goto(world.console.url)
        if path != "/":
            page.goto(world.url(path))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page("/")
