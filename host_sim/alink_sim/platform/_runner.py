"""The platform's event loop in its thread, and the way in for other threads."""

from __future__ import annotations

import asyncio
import copy
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from alink_sim.patience import patience
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

    def is_quiet(self) -> bool:
        """Return whether the loop, having looked at its sockets, has nothing to do."""
        loop = self._loop
        if loop is None:
            return True
        seen = threading.Event()
        found: list[bool] = []

        def look() -> None:
            at_rest = not self._core.commits.is_writing and not _has_work(loop)
            found.append(at_rest and not loop._ready)  # type: ignore[attr-defined] # noqa: SLF001
            seen.set()

        def wake() -> None:
            # The wake-up itself is an event of this round. In the next one `look` comes first,
            # with everything that the sockets have brought still in the queue behind it.
            loop.call_soon(look)

        try:
            loop.call_soon_threadsafe(wake)
        except RuntimeError:
            return True  # It has just been stopped.
        seen.wait(patience())
        return found == [True]

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


def _has_work(loop: asyncio.AbstractEventLoop) -> bool:
    """Return whether a thread works for the loop; at its end its result is in `_ready`."""
    executor: ThreadPoolExecutor | None = loop._default_executor  # type: ignore[attr-defined] # noqa: SLF001
    return executor is not None and executor._idle_semaphore._value < len(executor._threads)  # noqa: SLF001
