"""Work of OTA at a later moment. A restart forgets it: `jobs.resume` sets all of it again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from alink_sim.platform.core import Core

_RETRY_SECONDS = 10.0


def at(core: Core, moment: float, action: Callable[[], None]) -> None:
    """Run an action at a moment, in seconds since 1970, by the platform's clock."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return  # The platform has not started yet.

    def run() -> None:
        action()
        if core.commits.is_behind:
            core.commits.begin().add_done_callback(again)

    def again(committed: asyncio.Future[None]) -> None:
        # What could not be stored was undone, so the action is due once more.
        if not committed.cancelled() and committed.exception():
            core.clock.call_later(loop, _RETRY_SECONDS, run)

    core.clock.call_later(loop, max(0.0, moment - core.clock.time()), run)
