"""Who is online: one session an identity, the newcomer pushes the older one out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from alink_sim.platform.framing import matches
from alink_sim.platform.registry import ClientId, Device


@dataclass(eq=False)
class Session:
    """A logged-in device. `send` delivers (topic, payload); `end` cuts the connection, mutely."""

    device: Device
    issued: ClientId | None
    auto_deliver: bool
    send: Callable[[str, bytes, int], None]
    end: Callable[[str], None]
    filters: dict[str, int] = field(default_factory=dict)

    @property
    def identity(self) -> tuple[str, str, str]:
        """Return what may be online once: ProductKey, DeviceName, ClientID."""
        issued = self.issued.client_id if self.issued else ""
        return self.device.product_key, self.device.name, issued

    def deliver(self, topic: str, payload: bytes) -> bool:
        """Send a system message once, if this device is to have it; tell whether it is."""
        granted = [qos for one, qos in self.filters.items() if matches(one, topic)]
        if not granted and not self.auto_deliver:
            return False
        self.send(topic, payload, max(granted, default=0))
        return True


class Sessions:
    """The sessions of a platform."""

    def __init__(self) -> None:
        self._online: dict[tuple[str, str, str], Session] = {}

    def enter(self, session: Session) -> Session | None:
        """Take a session up; return the older one of the same identity, to be ended."""
        older = self._online.get(session.identity)
        self._online[session.identity] = session
        return older

    def leave(self, session: Session) -> None:
        """Forget a session, unless another has taken its place."""
        if self._online.get(session.identity) is session:
            del self._online[session.identity]

    def of(self, device: Device) -> Iterator[Session]:
        """Yield a device's sessions: several where it has several ClientIDs."""
        yield from [one for one in self._online.values() if one.device is device]

    def everyone(self) -> list[Session]:
        """Return all sessions."""
        return list(self._online.values())
