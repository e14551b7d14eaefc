"""Writes changes of the registry: all callers that wait share the next transaction.

No device gets a reply before `settled` has returned. A transaction that fails, fails for
all callers that wait, and all changes that were not committed are undone in memory: no reply has
reported them. The price is that a failure also fails changes that came while it was under way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from alink_sim.platform.state.claim import ClaimLostError, StoreError
from alink_sim.platform.state.entities import Entity
from alink_sim.platform.state.store import Store, Undo

_PAUSE = 0.005  # Seconds; a transaction costs as much as twenty of the rows in it.


class Commits:
    """Writes the changes of a store in a separate thread, one transaction at a time.

    `undo` gets each change that could not be committed. `on_lost` hears when the database is not
    this platform's any more.
    """

    def __init__(
        self,
        store: Store,
        *,
        undo: Callable[[Undo], None],
        on_lost: Callable[[ClaimLostError], None] = lambda _error: None,
    ) -> None:
        self._store = store
        self._undo = undo
        self._on_lost = on_lost
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._writing: asyncio.Task[None] | None = None
        self._next: asyncio.Future[None] | None = None

    @property
    def is_behind(self) -> bool:
        """Tell whether something has changed that is not committed."""
        return self._store.is_behind

    @property
    def is_writing(self) -> bool:
        """Tell whether a transaction is under way."""
        return self._writing is not None

    @property
    def changes(self) -> int:
        """Return how often something has changed so far."""
        return self._store.changes

    async def settled(self, *entities: Entity) -> None:
        """Return once everything that changed before is at rest, or what changed of `entities`.

        Entities that have not changed wait for no write. Raises StoreError.
        """
        if entities and not any(map(self._store.is_unsaved, entities)):
            return
        if self._store.is_behind:
            # Shielded: one that gives up waiting must not end the others' transaction.
            await asyncio.shield(self.begin())

    def follow(self) -> None:
        """Write the changes soon, if any, without waiting."""
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

    def after(self, action: Callable[[], None]) -> None:
        """Run an action soon, behind the acknowledgments that wait for what has changed."""
        loop = asyncio.get_running_loop()
        if self._store.is_behind:
            self.begin().add_done_callback(lambda _: loop.call_soon(action))
        else:
            loop.call_soon(action)

    def write_now(self) -> None:
        """Commit what changed, in this thread: there is no event loop yet. Raises StoreError."""
        try:
            changes = self._store.take()
            self._store.write(changes)
        except BaseException:
            self._roll_back()
            raise
        self._store.saved(changes)

    async def check(self) -> None:
        """Return if the database is still this platform's, or cannot be asked."""
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._store.check)
        except ClaimLostError as error:
            self._on_lost(error)
        except StoreError:
            return  # The next writer hears of it.

    async def close(self) -> None:
        """Write the remaining changes, and end the thread. Raises StoreError."""
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
        try:
            changes = self._store.take()
            if changes:
                loop = asyncio.get_running_loop()
                await loop.run_in_executor(self._thread, self._store.write, changes)
        except Exception as error:  # noqa: BLE001 (whoever waits gets it)
            self._fail(done, error)
            return 0
        self._store.saved(changes)
        done.set_result(None)
        return len(changes)

    def _fail(self, done: asyncio.Future[None], error: Exception) -> None:
        """Undo all that is not committed, and fail everyone who waits for it."""
        self._roll_back()
        late, self._next = self._next, None
        for future in (done, late):
            if future is not None and not future.done():
                future.set_exception(error)
        if isinstance(error, ClaimLostError):
            self._on_lost(error)

    def _roll_back(self) -> None:
        for one in self._store.undo():
            self._undo(one)


def _look_at(future: asyncio.Future[None]) -> None:
    # No one waits for a failed write in the background; its changes are undone.
    if not future.cancelled():
        future.exception()
