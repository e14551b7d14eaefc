"""Events of the platform, and why it refused a request: the wire only says CONNACK 4."""

from __future__ import annotations

import difflib
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Protocol, TypedDict, Unpack

from alink_sim.platform.printable import printable
from alink_sim.platform.state.event_file import EventFile
from alink_sim.platform.state.weight import weight

_KEPT = 100_000
_MAX_BYTES = 64 << 20
_SHOWN = 20
_LOOK = 0.5  # Seconds between two looks at whether a device can still send.
_FIELDS = {"product_key", "device_name", "client_id", "code", "reason"}  # Beside the detail.
_LAST_WORDS = 5.0  # Seconds for messages that devices sent before their end.


class ExpectationError(AssertionError):
    """An event did not come; the text shows how the log ends."""


class Party(Protocol):
    """The device an event is about: the claim of a CONNECT, or a session."""

    @property
    def product_key(self) -> str:
        """Return the ProductKey."""

    @property
    def device_name(self) -> str:
        """Return the DeviceName."""

    @property
    def client_id(self) -> str:
        """Return the client id, without what stands between its bars."""


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


class Wanted(TypedDict, total=False):
    """Filters of events; None is any. `since` and `until`: seconds since 1970, inclusive."""

    product_key: str | None
    device_name: str | None
    client_id: str | None
    kind: str | None
    code: int | None
    since: float | None
    until: float | None


class EventLog:
    """Events in order; any thread may read and wait.

    `hide` returns a value without the secrets that a device may have put into it. Each event is
    appended to `file` as a line of JSON; the log itself is empty at each start.
    Raises OSError for a file that cannot be written.
    """

    def __init__(
        self, *, hide: Callable[[Any], Any] = lambda value: value, file: Path | None = None
    ) -> None:
        self._hide = hide
        self._file = EventFile(file) if file else None
        self._events: deque[Event] = deque()
        self._sizes: deque[int] = deque()
        self._bytes = 0
        self._is_full = False
        self._count = 0  # Of all events there ever were, the forgotten ones too.
        self._changed = threading.Condition()

    def add(self, event: Event) -> None:
        """Append an event, without secrets, and wake who waits for it."""
        event = Event(*(self._hide(getattr(event, one.name)) for one in fields(event)))
        with self._changed:
            if self._file:
                self._file.write(event.as_json())
            self._append(event)
            if self._bytes > _MAX_BYTES and not self._is_full:
                self._is_full = True
                reason = f"the log holds {_MAX_BYTES >> 20} MB; older events are forgotten"
                self._append(Event(time=event.time, kind="events_forgotten", reason=reason))
            while len(self._events) > _KEPT or self._bytes > _MAX_BYTES:
                self._is_full = self._events.popleft().kind != "events_forgotten" and self._is_full
                self._bytes -= self._sizes.popleft()
            self._changed.notify_all()

    def _append(self, event: Event) -> None:
        size = weight(event.client_id) + weight(event.reason) + weight(event.detail)
        self._events.append(event)
        self._sizes.append(size)
        self._bytes += size
        self._count += 1

    def close(self) -> None:
        """Close the file; nothing is added after this."""
        if self._file:
            self._file.close()

    def select(self, *, limit: int | None = None, **wanted: Unpack[Wanted]) -> list[Event]:
        """Return the events that match all filters, oldest first; the newest `limit` of them."""
        with self._changed:
            return _newest(list(_matching(self._events, wanted)), limit)

    def after(
        self, number: int, *, limit: int | None = None, **wanted: Unpack[Wanted]
    ) -> tuple[int, list[Event]]:
        """Return the number of all events so far, and those after the first `number` that match.

        A number that is too great is of an earlier log: all events of this one come after it.
        """
        with self._changed:
            forgotten = self._count - len(self._events)
            old = max(number - forgotten, 0) if number <= self._count else 0
            # From the end: a log of 100,000 events is not walked for the few that are new.
            newest = itertools.islice(reversed(self._events), len(self._events) - old)
            found = list(_matching(newest, wanted) if wanted else newest)[::-1]
            return self._count, _newest(found, limit)

    # Return why the device of this name, or any for None, sends nothing more; "" if it may.
    why_silent: Callable[[str | None], str] = staticmethod(lambda _: "")

    def expect(
        self,
        kind: str,
        *,
        device_name: str | None = None,
        after: Event | None = None,
        timeout: float,
        still: bool = False,
        **detail: Any,
    ) -> Event:
        """Return the newest event of a kind, waiting up to `timeout` seconds for the first.

        `after`: only one behind that event will do. `detail`: values of its detail, or of its
        other fields. A failure says if no such event has a value of this name.
        `still`: the clock stands still until a test advances it. Raises ExpectationError, also
        once `why_silent` has a reason.
        """
        __tracebackhide__ = True  # pytest shows who expected, not this.

        def found() -> Event | None:
            return self.newest(kind, device_name=device_name, after=after, **detail)

        event, reason = self._wait(found, device_name, timeout)
        if event:
            return event
        what = " ".join((repr(kind), *(f"{name}={value!r}" for name, value in detail.items())))
        who = f" of {device_name}" if device_name else ""
        hint = "; the clock of this platform stands still until the test advances it"
        why = f": {reason}" if reason else f" within {timeout:g} s{hint if still else ''}"
        why += self._unknown(kind, detail)
        raise ExpectationError(
            f"no event {what}{who}{' after that' if after else ''}{why}; {self.tail()}"
        )

    def _unknown(self, kind: str, detail: dict[str, Any]) -> str:
        # A name that no event of the kind has, "" without one.
        same = self.select(kind=kind)
        known = {name for event in same for name in event.detail}
        for name in sorted(detail.keys() - known - _FIELDS) if same else ():
            near = difflib.get_close_matches(name, [*known, *_FIELDS], 1)
            what = f"did you mean {near[0]}?" if near else f"it has {', '.join(sorted(known))}"
            return f"; {kind!r} has no {name}: {what}"
        return ""

    def newest(
        self,
        kind: str,
        *,
        device_name: str | None = None,
        after: Event | None = None,
        **detail: Any,
    ) -> Event | None:
        """Return the newest event that `expect` takes, None without one."""
        wanted = Wanted(kind=kind, device_name=device_name)
        with self._changed:
            for event in reversed(self._events):
                if event is after:
                    break
                if _is(event, wanted) and _has(event, detail):
                    return event
        return None

    def _wait(
        self, found: Callable[[], Event | None], device_name: str | None, timeout: float
    ) -> tuple[Event | None, str]:
        # Return the event, or None and why no other device can send it.
        end = time.monotonic() + timeout
        reason = ""
        with self._changed:
            while not (event := found()):
                if not reason and (reason := self.why_silent(device_name)):
                    end = min(end, time.monotonic() + _LAST_WORDS)
                left = end - time.monotonic()
                if left <= 0:
                    return None, reason
                self._changed.wait(min(left, _LOOK))
        return event, ""

    def tail(self, count: int = _SHOWN) -> str:
        """Return how the log ends, one line an event, seconds before the last one first.

        Events that differ in nothing but their time are one line: what a device posts each second
        must not hide the rest.
        """
        with self._changed:
            if not self._events:
                return "nothing happened: no device has reached this platform"
            runs = itertools.groupby(reversed(self._events), lambda one: replace(one, time=0.0))
            last = [list(run) for _, run in itertools.islice(runs, count)]
        end = last[0][0].time
        lines = [
            f"  {run[0].time - end:9.3f}  {_described(run[0])}"
            + (f"  ({len(run)} times)" if len(run) > 1 else "")
            for run in reversed(last)
        ]
        shown = sum(map(len, last))
        head = f"the log ends ({shown} of {self._count}, seconds before the last):"
        return "\n".join((head, *lines))


def _newest(events: list[Event], limit: int | None) -> list[Event]:
    return events if limit is None else events[-limit:]


def _matching(events: Iterable[Event], wanted: Wanted) -> Iterator[Event]:
    if unknown := wanted.keys() - Wanted.__annotations__.keys():
        raise TypeError(f"{min(unknown)!r} is not an event filter")
    return (event for event in events if _is(event, wanted))


def _is(event: Event, wanted: Wanted) -> bool:
    for name, value in wanted.items():
        if value is None:
            continue
        if name == "since":
            fits = event.time >= value  # type: ignore[operator]
        elif name == "until":
            fits = event.time <= value  # type: ignore[operator]
        else:
            fits = getattr(event, name) == value
        if not fits:
            return False
    return True


def _has(event: Event, detail: dict[str, Any]) -> bool:
    missing = object()
    for name, value in detail.items():
        other = getattr(event, name) if name in _FIELDS else missing
        if event.detail.get(name, other) != value:
            return False
    return True


def _described(event: Event) -> str:
    detail = " ".join(f"{name}={value!r}" for name, value in event.detail.items())
    return printable(f"{event}  {detail}")[:200].rstrip()
