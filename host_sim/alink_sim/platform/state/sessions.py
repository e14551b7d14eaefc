"""The sessions: one for each identity; a new one ends the older one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from alink_sim.platform.state.entities import ClientId, Device, stamp
from alink_sim.platform.state.message_properties import NO_PROPERTIES, MessageProperties
from alink_sim.platform.state.mqtt_reason import Reason
from alink_sim.platform.state.topic_filters import matches

Identity = tuple[str, str, str]

CONFIG, FIRMWARE = "config", "firmware"
NO_LOCAL, RETAIN_AS_PUBLISHED = 0x04, 0x08  # Bits of subscription options.


@dataclass(eq=False)
class Session:
    """A device that is logged in.

    `client_id` is the plain one it sent; `issued` the pair it logged in with, None with a
    DeviceSecret. `send` delivers (topic, payload, QoS, properties); `end` closes the connection,
    without a word unless it speaks MQTT 5.
    `custom_rrpc` is bit 0 of the `ext` it sent; `waiting` are the replies that RRPCs wait for, by
    topic: a reply is its payload, or None when the session ends first. `carried` are a gateway's
    sub-devices online, by ProductKey and DeviceName; they share its `send` and `filters`.
    `options` are the bytes that came with the filters: NO_LOCAL and RETAIN_AS_PUBLISHED.
    `has_ss` is whether it sent `_ss=1`; `unasked` are filters that it has without a SUBSCRIBE,
    whose messages come at QoS 0.
    `offered` is the last file that the platform has offered: CONFIG, FIRMWARE or "".
    """

    device: Device
    client_id: str
    issued: ClientId | None
    send: Callable[[str, bytes, int, MessageProperties], None]
    end: Callable[[str, Reason], None]
    custom_rrpc: bool = False
    has_ss: bool = False
    unasked: set[str] = field(default_factory=set)
    offered: str = ""
    filters: dict[str, int] = field(default_factory=dict)
    options: dict[str, int] = field(default_factory=dict)
    waiting: dict[str, asyncio.Future[bytes | None]] = field(default_factory=dict)
    carried: dict[tuple[str, str], Session] = field(default_factory=dict)

    @property
    def product_key(self) -> str:
        """Return the device's ProductKey."""
        return self.device.product_key

    @property
    def device_name(self) -> str:
        """Return the device's DeviceName."""
        return self.device.name

    @property
    def identity(self) -> Identity:
        """Return what may be online once: ProductKey, DeviceName and, if issued, ClientID."""
        issued = self.issued.client_id if self.issued else ""
        return self.product_key, self.device_name, issued

    def unsubscribe(self, topic_filter: str) -> bool:
        """Give a filter up, also one that it has without a SUBSCRIBE; tell whether it had it.

        A gateway's are all.
        """
        had_it = self.filters.pop(topic_filter, None) is not None
        for one in (self, *self.carried.values()):
            had_it = had_it or topic_filter in one.unasked
            one.unasked.discard(topic_filter)
        return had_it

    def resolve(self, topic: str, payload: bytes | None) -> bool:
        """Hand a reply to the RRPC that waits for it; tell whether one does."""
        waiting = self.waiting.pop(topic, None)
        if waiting and not waiting.done():
            waiting.set_result(payload)
        return waiting is not None

    def deliver(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int | None = None,
        properties: MessageProperties = NO_PROPERTIES,
    ) -> bool:
        """Send a message once, if this device is to have it; tell whether it is.

        `qos` is the publisher's; a subscription's granted one bounds it. `properties` reach a
        client of MQTT 5.
        """
        granted = [qos for one, qos in self.filters.items() if matches(one, topic)]
        if not granted and not any(matches(one, topic) for one in self.unasked):
            return False
        if properties.retain and not self._has_option(topic, RETAIN_AS_PUBLISHED):
            properties = replace(properties, retain=False)
        highest = max(granted, default=0)
        self.send(topic, payload, highest if qos is None else min(qos, highest), properties)
        return True

    def hears_itself(self, topic: str) -> bool:
        """Tell whether the device gets what it publishes itself."""
        return any(
            matches(one, topic) and not self.options.get(one, 0) & NO_LOCAL for one in self.filters
        )

    def _has_option(self, topic: str, option: int) -> bool:
        return any(
            matches(one, topic) and bool(self.options.get(one, 0) & option) for one in self.filters
        )


class Sessions:
    """The sessions of a platform; keeps count in each device."""

    def __init__(self, *, now: Callable[[], float]) -> None:
        """`now` returns seconds since 1970."""
        self._online: dict[Identity, Session] = {}
        self._now = now

    def enter(self, session: Session) -> Session | None:
        """Take a session up; return the older one of the same identity, which has to end."""
        older = self._online.get(session.identity)
        self._online[session.identity] = session
        session.device.sessions += 1
        # Not worth a separate write: it is stored with the device's next change.
        stamp(session.device, self._now(), "online", "changed")
        return older

    def is_online(self, identity: Identity) -> bool:
        """Tell whether an identity has a session."""
        return identity in self._online

    def leave(self, session: Session) -> None:
        """Forget a session that has ended."""
        session.device.sessions -= 1
        stamp(session.device, self._now(), "changed")
        for topic in list(session.waiting):
            session.resolve(topic, None)
        if self._online.get(session.identity) is session:
            del self._online[session.identity]

    def of(self, device: Device) -> list[Session]:
        """Return a device's sessions: several where it has several ClientIDs."""
        return [one for one in self._online.values() if one.device is device]

    def of_product(self, product_key: str) -> list[Session]:
        """Return the sessions of all devices of a product."""
        return [one for one in self._online.values() if one.product_key == product_key]
