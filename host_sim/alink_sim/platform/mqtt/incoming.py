"""Packets of a client that has logged in: PUBLISH, SUBSCRIBE and UNSUBSCRIBE."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from alink_sim.platform.access import limits
from alink_sim.platform.core import Core
from alink_sim.platform.mqtt import framing, properties
from alink_sim.platform.mqtt.acknowledgments import Acknowledgments
from alink_sim.platform.mqtt.dialect import Dialect
from alink_sim.platform.mqtt.framing import Packet, Publish
from alink_sim.platform.mqtt.packet_reader import ProtocolViolationError
from alink_sim.platform.mqtt.reading import Reading
from alink_sim.platform.state.message_properties import NO_PROPERTIES, MessageProperties
from alink_sim.platform.state.mqtt_reason import Reason
from alink_sim.platform.state.refusal import Code
from alink_sim.platform.state.sessions import Session
from alink_sim.platform.state.stored_sessions import StoredMessage
from alink_sim.platform.topics import dispatch
from alink_sim.platform.topics.dispatch import Handled

_MQTT_5 = 5  # The protocol level.
_IF_NEW, _NEVER = 1, 2  # Values of Retain Handling.
_MAX_WAITING = 100  # Acknowledgments that wait for a commit before the client is read again.


class Incoming:
    """The packets that one session sends. `write` sends bytes to its client."""

    def __init__(
        self,
        core: Core,
        session: Session,
        dialect: Dialect,
        *,
        acknowledgments: Acknowledgments,
        reading: Reading,
        write: Callable[[bytes], None],
    ) -> None:
        self._core = core
        self._session = session
        self._dialect = dialect
        self._acknowledgments = acknowledgments
        self._reading = reading
        self._write = write

    def take(self, packet: Packet) -> None:
        """Carry a packet out and acknowledge it in its turn. Raises ProtocolViolationError."""
        level = self._dialect.level
        if packet.kind == framing.PUBLISH:
            self._publish(self._dialect.read_publish(packet))
        elif packet.kind == framing.SUBSCRIBE:
            packet_id, filters = framing.decode_subscribe(packet, level=level)
            known = set(self._session.filters)
            granted = dispatch.subscribe(self._core, self._session, filters)
            self._answer(self._dialect.suback(packet_id, granted))
            if level >= _MQTT_5:
                self._acknowledgments.add(partial(self._send_retained, filters, granted, known))
        elif packet.kind == framing.UNSUBSCRIBE:
            packet_id, names = framing.decode_unsubscribe(packet, level=level)
            codes = [
                Reason.SUCCESS if self._session.unsubscribe(name) else Reason.NO_SUBSCRIPTION
                for name in names
            ]
            self._answer(self._dialect.unsuback(packet_id, codes))
        else:
            raise ProtocolViolationError(
                f"packet type {packet.kind} has no place here", Reason.PROTOCOL_ERROR
            )

    def _send_retained(
        self, filters: list[tuple[str, int]], granted: list[int], known: set[str]
    ) -> None:
        """Send the retained messages that new subscriptions are for."""
        now = self._core.clock.monotonic()
        for (topic_filter, options), qos in zip(filters, granted, strict=True):
            handling = options >> 4 & 3
            is_new = topic_filter not in known
            if qos > 1 or handling == _NEVER or (handling == _IF_NEW and not is_new):
                continue
            device = self._session.device
            for one in self._core.retained.matching(device, topic_filter, now=now):
                self._session.send(one.topic, one.payload, qos, one.properties)

    def _answer(self, packet: bytes) -> None:
        self._acknowledgments.add(partial(self._write, packet))

    def _publish(self, message: Publish) -> None:
        core, settings, session = self._core, self._core.settings, self._session
        self._check(message)
        size = len(message.payload)
        over = limits.throttled(core, session, message.topic, qos=message.qos, size=size)
        if over:
            core.note("throttled", session, code=Code.TOO_OFTEN, reason=over)
        before = core.commits.changes
        handled = (
            Handled(reason=Reason.QUOTA_EXCEEDED, text=over) if over else self._carry_out(message)
        )
        # MQTT 3.1.1 has no word for a message that is dropped for its rate.
        says_so = settings.throttled_puback or self._dialect.level >= 5
        acknowledges = message.qos > 0 and (says_so or not over)

        def acknowledge() -> None:
            if acknowledges:
                self._write(self._dialect.puback(message.packet_id, handled.reason, handled.text))
            if handled.reply:
                dispatch.reply(core, session, *handled.reply)
            self._reading.go_on("its acknowledgments")

        waits = settings.acknowledge == "committed" and core.commits.changes != before
        self._acknowledgments.add(acknowledge, after=core.commits.begin() if waits else None)
        if len(self._acknowledgments) >= _MAX_WAITING:
            self._reading.pause("its acknowledgments")

    def _check(self, message: Publish) -> None:
        settings = self._core.settings
        if message.qos == 2 and settings.qos2 == "close":
            raise ProtocolViolationError("QoS 2 is not supported", Reason.QOS_NOT_SUPPORTED)
        is_older = self._dialect.level < _MQTT_5
        if message.retain and is_older and settings.retain == "close":
            raise ProtocolViolationError(
                "retained messages are not supported", Reason.PROTOCOL_ERROR
            )
        size = len(message.payload)
        if size > settings.max_payload:
            raise ProtocolViolationError(
                f"{size} bytes; a payload has up to {settings.max_payload}",
                Reason.PACKET_TOO_LARGE,
            )

    def _carry_out(self, message: Publish) -> Handled:
        sent = properties.of_message(message.properties) if message.properties else NO_PROPERTIES
        reason, text = _wrong(message, sent)
        if text:
            self._core.note("publish_refused", self._session, topic=message.topic, reason=text)
            return Handled(reason=reason, text=text)
        if told := sent.told():
            self._core.note("message_properties", self._session, topic=message.topic, **told)
        handled = dispatch.publish(self._core, self._session, message.topic, message.payload)
        if self._dialect.level >= _MQTT_5 and handled.reason == Reason.SUCCESS:
            self._pass_on(message, sent)
        return handled

    def _pass_on(self, message: Publish, sent: MessageProperties) -> None:
        """Retain a message, and send it to the device itself if it has subscribed to it."""
        session, now = self._session, self._core.clock.monotonic()
        sent = replace(sent, retain=message.retain)
        if message.retain:
            stored = StoredMessage(message.topic, message.payload, sent, now)
            self._core.retained.keep(session.device, stored)
        if session.hears_itself(message.topic):
            session.deliver(message.topic, message.payload, qos=message.qos, properties=sent)


def _wrong(message: Publish, sent: MessageProperties) -> tuple[Reason, str]:
    """Return why a message is refused for its properties, "" if it is not."""
    if objection := sent.objection():
        return Reason.QUOTA_EXCEEDED, objection
    if sent.payload_format == 1:
        try:
            message.payload.decode()
        except UnicodeDecodeError:
            return (
                Reason.PAYLOAD_FORMAT_INVALID,
                "the payload is not UTF-8, which its format indicator says",
            )
    return Reason.SUCCESS, ""
