"""Sessions whose client is away, and retained messages of MQTT 5; both in memory.

docs/reference/protocol.md, "MQTT profile" and "MQTT 5". Moments are seconds of the platform's
monotonic clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import inf

from alink_sim.platform.state.entities import Device
from alink_sim.platform.state.message_properties import MessageProperties
from alink_sim.platform.state.sessions import Identity, Session
from alink_sim.platform.state.topic_filters import matches

_MOST_RETAINED = 100  # Topics of one device; the oldest goes.
FOREVER = 0xFFFFFFFF  # As a Session Expiry Interval.


@dataclass(frozen=True)
class StoredMessage:
    """A message that waits for a device, or for a subscriber."""

    topic: str
    payload: bytes = field(repr=False)
    properties: MessageProperties
    arrived: float

    def at(self, now: float) -> StoredMessage | None:
        """Return the message with the lifetime that it has left, None once it has expired."""
        expiry = self.properties.message_expiry
        if expiry is None:
            return self
        left = expiry - int(now - self.arrived)
        if left <= 0:
            return None
        return replace(self, properties=replace(self.properties, message_expiry=left))


@dataclass(eq=False)
class StoredSession:
    """Subscriptions and messages of a device that is away, until a moment."""

    device: Device
    filters: dict[str, int]
    options: dict[str, int]
    until: float
    messages: list[StoredMessage]


class StoredSessions:
    """The stored sessions of a platform, one for each identity."""

    def __init__(self) -> None:
        self._kept: dict[Identity, StoredSession] = {}

    def keep(
        self, session: Session, messages: list[StoredMessage], *, seconds: int, now: float
    ) -> None:
        """Store a session that ends now, with the messages that its client has not taken."""
        until = inf if seconds == FOREVER else now + seconds
        self._kept[session.identity] = StoredSession(
            session.device, dict(session.filters), dict(session.options), until, messages
        )

    def take(self, session: Session, *, now: float) -> StoredSession | None:
        """Return the stored session of an identity and forget it; None if it has expired."""
        stored = self._kept.pop(session.identity, None)
        if stored is None or stored.until <= now or stored.device is not session.device:
            return None
        return stored

    def add(self, device: Device, message: StoredMessage, *, most: int, now: float) -> int:
        """Store a message for a device that is away; return for how many of its sessions."""
        added = 0
        for stored in self._kept.values():
            is_for_it = stored.device is device and stored.until > now
            if is_for_it and any(matches(one, message.topic) for one in stored.filters):
                stored.messages.append(message)
                del stored.messages[:-most]
                added += 1
        return added


class RetainedMessages:
    """The last retained message of each topic of each device."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], dict[str, StoredMessage]] = {}

    def keep(self, device: Device, message: StoredMessage) -> None:
        """Keep a message for later subscribers; one without payload removes its topic's."""
        mine = self._kept.setdefault((device.product_key, device.name), {})
        mine.pop(message.topic, None)
        if message.payload:
            mine[message.topic] = message
        while len(mine) > _MOST_RETAINED:
            del mine[next(iter(mine))]

    def matching(
        self, device: Device, topic_filter: str, *, now: float
    ) -> Iterator[StoredMessage]:
        """Yield the messages that a new subscription of a device is for."""
        for message in list(self._kept.get((device.product_key, device.name), {}).values()):
            if matches(topic_filter, message.topic) and (living := message.at(now)):
                yield living
