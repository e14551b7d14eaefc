"""The version of MQTT that one connection speaks: packets in and out, by 3.1.1 or by 5.

docs/reference/protocol.md, "MQTT profile" and "MQTT 5". A dialect of MQTT 5 knows what its CONNECT
asked for, and the topic aliases of both directions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from alink_sim.platform.mqtt import framing, properties
from alink_sim.platform.mqtt.framing import Connect, Packet, Publish
from alink_sim.platform.mqtt.packet_reader import ProtocolViolationError
from alink_sim.platform.state.message_properties import MessageProperties
from alink_sim.platform.state.mqtt_reason import Reason

_ALIASES = 20  # Of one connection, each way.
_MOST_TEXT = 200  # Characters of a reason string, which may quote a topic of 64 KB.
_NO_LIMIT = 1 << 28  # No packet is longer.
_STORED = 7 * 24 * 3600  # Seconds that a session without Clean Session outlives its connection.

# The code of MQTT 5 for each of MQTT 3.1.1's CONNACK.
_REFUSALS = {
    1: Reason.UNSUPPORTED_VERSION,
    2: Reason.CLIENT_ID_INVALID,
    3: Reason.SERVER_UNAVAILABLE,
    4: Reason.BAD_USER_NAME_OR_PASSWORD,
    5: Reason.NOT_AUTHORIZED,
}


class Dialect:
    """MQTT 3.1 and 3.1.1: a refusal has a code in CONNACK and SUBACK, and none anywhere else."""

    level = 4
    receive_maximum = 65535  # Messages at QoS 1 that the client takes without a PUBACK.
    packet_maximum = _NO_LIMIT  # Bytes.
    session_expiry = 0  # Seconds that the platform stores the session of a client that is away.
    _tells_session = True  # CONNACK of MQTT 3.1 has a reserved byte where later ones have it.

    def take(self, connect: Connect) -> None:
        """Take up what a CONNECT asks for. Raises ProtocolViolationError."""
        self.session_expiry = 0 if connect.clean_session else _STORED
        self._tells_session = connect.level >= self.level

    def leave(self, packet: Packet) -> bool:
        """Take a DISCONNECT up; tell whether the client wants its will published."""
        framing.decode_disconnect(packet)
        return False

    def accept(self, *, keepalive: int, packet_maximum: int, session_present: bool) -> bytes:
        """Return the CONNACK of a login or registration."""
        del keepalive, packet_maximum  # Only MQTT 5 tells them.
        return framing.connack(0, session_present=session_present and self._tells_session)

    def refuse(self, code: int) -> bytes:
        """Return the CONNACK of a refusal; `code` is that of MQTT 3.1.1."""
        return framing.connack(code)

    def farewell(self, _reason: Reason, _text: str) -> bytes:
        """Return what goes before the server closes the connection."""
        return b""

    def read_publish(self, packet: Packet) -> Publish:
        """Return a client's PUBLISH with its topic. Raises ProtocolViolationError."""
        return framing.decode_publish(packet)

    def publish(
        self, topic: str, payload: bytes, *, qos: int, packet_id: int, sent: MessageProperties
    ) -> bytes:
        """Return a PUBLISH to the client."""
        del sent  # Only MQTT 5 has properties.
        return framing.publish(topic, payload, qos=qos, packet_id=packet_id)

    def puback(self, packet_id: int, _reason: Reason, _text: str) -> bytes:
        """Return a PUBACK."""
        return framing.puback(packet_id)

    def suback(self, packet_id: int, codes: Sequence[int]) -> bytes:
        """Return a SUBACK; each code is the granted QoS or a `Reason`."""
        refused = int(Reason.UNSPECIFIED)
        return framing.suback(packet_id, [min(code, refused) for code in codes])

    def unsuback(self, packet_id: int, _codes: Sequence[int]) -> bytes:
        """Return an UNSUBACK."""
        return framing.unsuback(packet_id)


class Dialect5(Dialect):
    """MQTT 5 with the properties that the vendor documents."""

    level = 5

    def __init__(self) -> None:
        self._is_accepted = False
        self._asked: Mapping[str, Any] = {}
        self._up: dict[int, str] = {}  # Topics of the client's aliases.
        self._down: dict[str, int] = {}  # Ours.

    def take(self, connect: Connect) -> None:
        """Take up what a CONNECT asks for. Raises ProtocolViolationError."""
        self._asked = asked = connect.properties
        if "authentication_method" in asked:
            raise ProtocolViolationError(
                "enhanced authentication is not supported", Reason.BAD_AUTHENTICATION_METHOD
            )
        if "authentication_data" in asked:
            raise ProtocolViolationError(
                "authentication data has no authentication method", Reason.PROTOCOL_ERROR
            )
        if objection := properties.of_message(asked).objection():
            raise ProtocolViolationError(objection, Reason.QUOTA_EXCEEDED)
        self.receive_maximum = asked.get("receive_maximum", self.receive_maximum)
        self.packet_maximum = asked.get("maximum_packet", self.packet_maximum)
        self.session_expiry = asked.get("session_expiry", 0)

    def leave(self, packet: Packet) -> bool:
        """Take a DISCONNECT up, whose Session Expiry Interval may change that of the CONNECT."""
        code, found = framing.decode_disconnect(packet, level=5)
        expiry = found.get("session_expiry", self.session_expiry)
        if expiry and not self.session_expiry:
            raise ProtocolViolationError(
                "DISCONNECT stores a session that CONNECT did not", Reason.PROTOCOL_ERROR
            )
        self.session_expiry = expiry
        return code != Reason.SUCCESS

    def accept(self, *, keepalive: int, packet_maximum: int, session_present: bool) -> bytes:
        """Return a CONNACK with what the platform supports, and what holds for this connection."""
        self._is_accepted = True
        return framing.connack(
            0,
            {
                "session_expiry": self.session_expiry,
                "maximum_qos": 1,
                "retain_available": 1,
                "maximum_packet": packet_maximum,
                "topic_alias_maximum": _ALIASES,
                "wildcard_available": 1,
                "subscription_identifiers_available": 0,
                "shared_available": 1,
                "server_keepalive": keepalive,
            },
            session_present=session_present,
        )

    def refuse(self, code: int) -> bytes:
        """Return the CONNACK of a refusal, with the reason that stands for the code."""
        return self._refused(_REFUSALS.get(code, Reason.UNSPECIFIED))

    def farewell(self, reason: Reason, text: str) -> bytes:
        """Return a DISCONNECT with its reason; before the login, a CONNACK."""
        if self._is_accepted:
            return framing.disconnect(reason, {"reason_string": text[:_MOST_TEXT]})
        return self._refused(reason)

    def read_publish(self, packet: Packet) -> Publish:
        """Return a client's PUBLISH, an alias replaced by its topic."""
        message = framing.decode_publish(packet, level=5)
        if (alias := message.properties.get("topic_alias")) is None:
            return message
        if not 1 <= alias <= _ALIASES:
            raise ProtocolViolationError(
                f"topic alias {alias} is outside 1..{_ALIASES}", Reason.TOPIC_ALIAS_INVALID
            )
        if message.topic:
            self._up[alias] = message.topic
        elif alias not in self._up:
            raise ProtocolViolationError(
                f"topic alias {alias} has no topic yet", Reason.TOPIC_ALIAS_INVALID
            )
        return replace(message, topic=self._up[alias])

    def publish(
        self, topic: str, payload: bytes, *, qos: int, packet_id: int, sent: MessageProperties
    ) -> bytes:
        """Return a PUBLISH with properties, and with an alias where the client takes some."""
        found = properties.to_send(sent)
        shown = topic
        if alias := self._down.get(topic):
            shown = ""
        elif len(self._down) < min(_ALIASES, self._asked.get("topic_alias_maximum", 0)):
            self._down[topic] = alias = len(self._down) + 1
        if alias:
            found["topic_alias"] = alias
        packet = framing.publish(
            shown, payload, qos=qos, packet_id=packet_id, retain=sent.retain, found=found
        )
        if shown and len(packet) > self.packet_maximum:
            self._down.pop(topic, None)  # It is not sent, so the client does not learn the alias.
        return packet

    def puback(self, packet_id: int, reason: Reason, text: str) -> bytes:
        """Return a PUBACK; why it refuses goes to a client that wants to know."""
        is_told = reason and self._asked.get("request_problem", 1)
        found = {"reason_string": text[:_MOST_TEXT]} if is_told else {}
        return framing.puback(packet_id, reason, found)

    def suback(self, packet_id: int, codes: Sequence[int]) -> bytes:
        """Return a SUBACK."""
        return framing.suback(packet_id, codes, {})

    def unsuback(self, packet_id: int, codes: Sequence[int]) -> bytes:
        """Return an UNSUBACK with a reason for each filter."""
        return framing.unsuback(packet_id, codes, {})

    def _refused(self, reason: Reason) -> bytes:
        # The true reason is for the event log only, as on the live platform.
        return framing.connack(reason, {"reason_string": reason.words})
