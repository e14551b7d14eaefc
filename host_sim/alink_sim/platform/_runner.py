"""The platform's event loop in its thread, and the way in for other threads."""

from __future__ import annotations

import asyncio
import copy
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from alink_sim.platform import lifecycle
from alink_sim.platform.core import Core
from alink_sim.platform.event_loop import SmallTlsLoop
from alink_sim.platform.lifecycle import Action
from alink_sim.platform.state.registry import Registry
from alink_sim.platform.state.store import Store

_T = TypeVar("_T")


class Runner:
    """Runs work in the platform's event loop for callers of any thread but its own.

    They get copies. While the loop does not run, the state may still be read and changed.
    """

    def __init__(self, core: Core, store: Store) -> None:
        self._core = core
        self._store = store
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def is_running(self) -> bool:
        """Tell whether the loop runs."""
        return self._loop is not None

    def start(self) -> None:
        """Start the loop."""
        self._loop = SmallTlsLoop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="platform", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop the loop, if it runs."""
        if self._loop is None or self._thread is None:
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._loop = self._thread = None

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Run a coroutine to its end and return its result. Raises RuntimeError without a loop."""
        if self._loop is None:
            work.close()
            raise RuntimeError("the platform does not run: call its start() first")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def look(self, read: Callable[[], _T]) -> _T:
        """Return a copy of what `read` returns."""

        async def work() -> _T:
            return copy.deepcopy(read())

        return self.run(work()) if self.is_running else copy.deepcopy(read())

    def change(self, change: Callable[[Registry], _T]) -> _T:
        """Make a change of the registry; return a copy of its result once it is durable."""
        return self.carry_out(Action(change))

    def carry_out(self, action: Action[_T]) -> _T:
        """Carry out an operator's action; return a copy of its result once it is durable."""
        if not self.is_running:
            result = action.change(self._core.registry)
            self._core.commits.write_now()
            return copy.deepcopy(result)

        async def work() -> _T:
            return copy.deepcopy(await lifecycle.carry_out(self._core, action))

        return self.run(work())
