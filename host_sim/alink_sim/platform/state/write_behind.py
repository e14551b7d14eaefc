"""Changes of the registry brought to rest: everyone who waits shares the next transaction.

A registration is pushed to its device only after `settled` has returned.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from alink_sim.platform.state.entities import Entity
from alink_sim.platform.state.store import Store

_PAUSE = 0.005  # Seconds; a transaction costs as much as twenty of the rows in it.


class Commits:
    """Writes what a store was told, in a thread of its own, one transaction at a time."""

    def __init__(self, store: Store, *, entities: Callable[[], Iterable[Entity]]) -> None:
        """`entities` returns all products and devices: what failed is written with the next."""
        self._store = store
        self._entities = entities
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._writing: asyncio.Task[None] | None = None
        self._next: asyncio.Future[None] | None = None

    async def settled(self) -> None:
        """Return once everything that changed before is at rest. Raises StoreError."""
        if self._writing or self._store.is_behind:
            # Shielded: one that gives up waiting must not end the others' transaction.
            await asyncio.shield(self.begin())

    def follow(self) -> None:
        """Have what changed written soon, if anything did; nobody waits for it."""
        if self._store.is_behind:
            self.begin()

    def begin(self) -> asyncio.Future[None]:
        """Have what changed written; return what settles when it is."""
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
            self._next.add_done_callback(_look_at)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        return self._next

    async def close(self) -> None:
        """Bring to rest what is left, and end the thread. Raises StoreError."""
        try:
            await self.settled()
        finally:
            if self._writing:
                self._writing.cancel()
            self._thread.shutdown()

    async def _write(self) -> None:
        try:
            while self._next is not None:
                done, self._next = self._next, None
                if await self._write_once(done) > 1:
                    await asyncio.sleep(_PAUSE)  # In a crowd, fewer and larger transactions.
        finally:
            self._writing = None

    async def _write_once(self, done: asyncio.Future[None]) -> int:
        """Write what has changed, settle `done` and return how much it was."""
        changes = self._store.take()
        try:
            if changes:
                loop = asyncio.get_running_loop()
                await loop.run_in_executor(self._thread, self._store.write, changes)
        except Exception as error:  # noqa: BLE001 (whoever waits gets it)
            self._store.give_back(changes, self._entities())
            done.set_exception(error)
        else:
            done.set_result(None)
        return len(changes)


def _look_at(future: asyncio.Future[None]) -> None:
    # A failed write in the background has nobody who waits; it is written with the next one.
    if not future.cancelled():
        future.exception()
