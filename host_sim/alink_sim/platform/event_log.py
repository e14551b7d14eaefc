"""What happened on the platform, and why a request was refused: the wire only says CONNACK 4."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

_KEPT = 100_000


class ExpectationError(AssertionError):
    """An event did not come; the text lists those that did."""


@dataclass(frozen=True)
class Event:
    """One event. `time` in seconds since 1970; `code` as in the vendor's tables, None without.

    `detail` never holds a secret.
    """

    time: float
    kind: str
    product_key: str = ""
    device_name: str = ""
    client_id: str = ""
    code: int | None = None
    reason: str = ""
    detail: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the event as plain values."""
        return asdict(self)

    def __str__(self) -> str:
        """Return the event as one line."""
        who = "/".join(filter(None, (self.product_key, self.device_name)))
        code = "" if self.code is None else f" {self.code}"
        return " ".join(filter(None, (f"{self.kind}{code}", who, self.reason)))


class EventLog:
    """Events in order; any thread may read and wait."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque(maxlen=_KEPT)
        self._count = 0  # Of all events there ever were, the forgotten ones too.
        self._changed = threading.Condition()

    def add(self, event: Event) -> None:
        """Append an event and wake who waits for it."""
        with self._changed:
            self._events.append(event)
            self._count += 1
            self._changed.notify_all()

    def select(
        self,
        *,
        product_key: str | None = None,
        device_name: str | None = None,
        kind: str | None = None,
        since: float | None = None,
    ) -> list[Event]:
        """Return the events that match all that is given; `since` in seconds since 1970."""
        with self._changed:
            return list(_matching(self._events, product_key, device_name, kind, since))

    def after(
        self,
        number: int,
        *,
        product_key: str | None = None,
        device_name: str | None = None,
        kind: str | None = None,
        since: float | None = None,
    ) -> tuple[int, list[Event]]:
        """Return how many events there ever were, and the matching ones behind the first `number`.

        A number greater than that is of an earlier log: all events of this one are behind it.
        """
        with self._changed:
            forgotten = self._count - len(self._events)
            old = max(number - forgotten, 0) if number <= self._count else 0
            fresh = itertools.islice(self._events, old, None)
            return self._count, list(_matching(fresh, product_key, device_name, kind, since))

    def expect(self, kind: str, *, device_name: str | None = None, timeout: float) -> Event:
        """Return the newest event of a kind, waiting up to `timeout` seconds for the first."""
        with self._changed:
            found = self._changed.wait_for(
                lambda: list(_matching(self._events, None, device_name, kind, None)), timeout
            )
            if found:
                return found[-1]
            there = "\n".join(map(str, self._events)) or "nothing"
        who = f" of {device_name}" if device_name else ""
        raise ExpectationError(f"no event {kind!r}{who} within {timeout:g} s; there was:\n{there}")


def _matching(
    events: Iterable[Event],
    product_key: str | None,
    device_name: str | None,
    kind: str | None,
    since: float | None,
) -> Iterator[Event]:
    for event in events:
        if product_key is not None and event.product_key != product_key:
            continue
        if device_name is not None and event.device_name != device_name:
            continue
        if kind is not None and event.kind != kind:
            continue
        if since is not None and event.time < since:
            continue
        yield event
