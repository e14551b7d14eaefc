"""The event log by device, and how many events of a kind each second had.

The log holds its newest events in one row. The console shows those of one device, so it keeps an
index of the same events: what the log forgets, the index forgets. Reading the log costs by the
number of new events, and only once a second.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator

from alink_sim.platform.state.event_log import Event, EventLog

_MOST = 100_000
_SECONDS = 600  # How far back the counts of a second go.

Identity = tuple[str, str]


class Journal:
    """The newest events, by device and by second; `catch_up` reads on."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._number = 0
        self._events: deque[Event] = deque()
        self._by_device: defaultdict[Identity, deque[Event]] = defaultdict(deque)
        self._seconds: dict[int, Counter[str]] = {}
        self._second = -1  # Of the newest event, with its counter.
        self._counter: Counter[str] = Counter()

    @property
    def number(self) -> int:
        """Return how many events were read, for `since`."""
        return self._number

    def catch_up(self) -> list[Event]:
        """Read what the log has new; return it."""
        self._number, fresh = self._log.after(self._number)
        by_device = self._by_device
        for event in fresh:
            if event.device_name:
                by_device[event.product_key, event.device_name].append(event)
            second = int(event.time)
            if second != self._second:
                self._begin_second(second)
            self._counter[event.kind] += 1
        self._events.extend(fresh)
        for _ in range(len(self._events) - _MOST):
            self._forget(self._events.popleft())
        return fresh

    def newest(self) -> Iterator[Event]:
        """Return all events, newest first."""
        return reversed(self._events)

    def of_device(self, product_key: str, device_name: str) -> Iterator[Event]:
        """Return a device's events, newest first."""
        return reversed(self._by_device.get((product_key, device_name), ()))

    def counts(self, last: int, *, seconds: int) -> list[Counter[str]]:
        """Return how many events of each kind the seconds up to `last` had, oldest first."""
        return [self._seconds.get(at, Counter()) for at in range(last - seconds + 1, last + 1)]

    def _begin_second(self, second: int) -> None:
        self._second = second
        self._counter = self._seconds.setdefault(second, Counter())
        for old in itertools.takewhile(lambda at: at < second - _SECONDS, list(self._seconds)):
            del self._seconds[old]

    def _forget(self, event: Event) -> None:
        identity = event.product_key, event.device_name
        if mine := self._by_device.get(identity):
            mine.popleft()  # Its oldest: the index has the order of the log.
            if not mine:
                del self._by_device[identity]


def matching(
    events: Iterable[Event],
    *,
    product_key: str = "",
    device_name: str = "",
    client_id: str = "",
    kind: str = "",
    code: int | None = None,
) -> Iterator[Event]:
    """Return the events that match all that is given; "" and None match every one."""
    for event in events:
        if (
            product_key in ("", event.product_key)
            and device_name in ("", event.device_name)
            and client_id in ("", event.client_id)
            and kind in ("", event.kind)
            and code in (None, event.code)
        ):
            yield event
