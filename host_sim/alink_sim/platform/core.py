"""The parts of a platform that its rooms share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from alink_sim.clock import Clock
from alink_sim.platform.faults import Fault, Faults
from alink_sim.platform.state.background import Background
from alink_sim.platform.state.data_script import Script
from alink_sim.platform.state.entities import Device, Product
from alink_sim.platform.state.event_log import Event, EventLog, Party
from alink_sim.platform.state.file_uploads import FileUploads
from alink_sim.platform.state.message_ids import MessageIds
from alink_sim.platform.state.message_properties import NO_PROPERTIES, MessageProperties
from alink_sim.platform.state.open_connections import OpenConnections
from alink_sim.platform.state.ota_bucket import Bucket
from alink_sim.platform.state.ota_registry import Upgrades
from alink_sim.platform.state.packet_trace import PacketTrace
from alink_sim.platform.state.rates import Rates
from alink_sim.platform.state.refusal import Code
from alink_sim.platform.state.registry import Registry
from alink_sim.platform.state.sessions import Sessions
from alink_sim.platform.state.settings import Settings
from alink_sim.platform.state.stored_sessions import (
    RetainedMessages,
    StoredMessage,
    StoredSessions,
)
from alink_sim.platform.state.verification import VerificationCodes
from alink_sim.platform.state.write_behind import Commits


@dataclass(frozen=True)
class Core:
    """The parts of one platform. Use them in its event loop only, except for the log."""

    registry: Registry
    upgrades: Upgrades
    bucket: Bucket
    commits: Commits
    sessions: Sessions
    log: EventLog
    clock: Clock
    settings: Settings
    faults: Faults
    trace: PacketTrace
    codes: VerificationCodes
    connections: OpenConnections
    ids: MessageIds = field(default_factory=MessageIds)
    rates: Rates = field(default_factory=Rates)
    stored: StoredSessions = field(default_factory=StoredSessions)
    retained: RetainedMessages = field(default_factory=RetainedMessages)
    uploads: FileUploads = field(default_factory=FileUploads)
    scripts: dict[str, Script] = field(default_factory=dict)  # By ProductKey.
    repeated: set[tuple[str, str, bytes]] = field(default_factory=set)  # Broadcasts.
    background: Background = field(default_factory=Background)

    def note(
        self,
        kind: str,
        who: Party | None = None,
        *,
        code: Code | None = None,
        reason: str = "",
        **detail: Any,
    ) -> None:
        """Add an event of now; `detail` and `reason` never hold a secret."""
        event = Event(
            time=self.clock.time(),
            kind=kind,
            product_key=who.product_key if who else "",
            device_name=who.device_name if who else "",
            client_id=who.client_id if who else "",
            code=None if code is None else int(code),
            reason=reason,
            detail=detail,
        )
        self.log.add(event)

    def note_fault(self, fault: Fault, who: Party | None, *, on: str) -> None:
        """Add the event of a scripted fault that strikes now; `on` is what it strikes."""
        self.note("fault", who, reason=str(fault), fault=fault.kind, on=on)

    def note_about(
        self, kind: str, about: Device | Product, *, reason: str = "", **detail: Any
    ) -> None:
        """Add an event of now that the cloud caused, not the device itself."""
        names = (about.product_key, about.name) if isinstance(about, Device) else (about.key, "")
        self.log.add(
            Event(
                time=self.clock.time(),
                kind=kind,
                product_key=names[0],
                device_name=names[1],
                client_id="",
                code=None,
                reason=reason,
                detail=detail,
            )
        )

    def send(
        self,
        device: Device,
        topic: str,
        payload: bytes,
        *,
        qos: int = 0,
        properties: MessageProperties = NO_PROPERTIES,
    ) -> int:
        """Send a message to a device's sessions; return how many of them it went to.

        A system topic needs no SUBSCRIBE where the setting `auto_deliver` says so.
        """
        sent = sum(
            one.deliver(topic, payload, qos=qos, properties=properties)
            for one in self.sessions.of(device)
        )
        now = self.clock.monotonic()
        message = StoredMessage(topic, payload, properties, now)
        if properties.retain:
            self.retained.keep(device, message)
        most = self.settings.max_unacknowledged
        stored = self.stored.add(device, message, most=most, now=now) if qos else 0
        reason = "" if sent else "the device is offline, or has not subscribed to the topic"
        if stored:
            reason = "stored until the device is back"
        self.note_about(
            "sent" if sent or stored else "not_sent", device, topic=topic, reason=reason
        )
        return sent
