"""Messages to a client that has logged in: packet ids, limits, waiting messages."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from alink_sim.platform.access import limits
from alink_sim.platform.core import Core
from alink_sim.platform.mqtt.dialect import Dialect
from alink_sim.platform.mqtt.packet_ids import PacketIds
from alink_sim.platform.state.message_properties import MessageProperties
from alink_sim.platform.state.refusal import Code
from alink_sim.platform.state.sessions import Session
from alink_sim.platform.state.stored_sessions import StoredMessage

_MAX_UNSENT = 1 << 20  # Bytes that wait for a client to take them.

_Message = tuple[Session, str, bytes, MessageProperties]


class Outgoing:
    """The messages of one session. `unsent` returns how many bytes the client has not taken.

    A message at QoS 1 beyond the client's Receive Maximum waits for a PUBACK.
    """

    def __init__(
        self,
        core: Core,
        dialect: Dialect,
        write: Callable[[bytes], None],
        *,
        unsent: Callable[[], int],
    ) -> None:
        self._core = core
        self._dialect = dialect
        self._write = write
        self._unsent = unsent
        self._packet_ids = PacketIds()
        self._waiting: deque[_Message] = deque()
        self._unacknowledged: dict[int, StoredMessage] = {}

    def send(
        self, session: Session, topic: str, payload: bytes, qos: int, sent: MessageProperties
    ) -> None:
        """Send a message, or note why it does not go."""
        if over := self._objection(session, qos):
            self._core.note("throttled", session, code=Code.TOO_OFTEN, reason=over)
        elif qos and len(self._packet_ids) >= self._dialect.receive_maximum:
            self._waiting.append((session, topic, payload, sent))
        else:
            self._send(session, topic, payload, qos, sent)

    def acknowledged(self, packet_id: int) -> None:
        """Free a packet id, and send what waited for one."""
        self._packet_ids.give_back(packet_id)
        self._unacknowledged.pop(packet_id, None)
        while self._waiting and len(self._packet_ids) < self._dialect.receive_maximum:
            session, topic, payload, sent = self._waiting.popleft()
            self._send(session, topic, payload, 1, sent)

    def left(self) -> list[StoredMessage]:
        """Return the messages that the client has not acknowledged, in their order."""
        now = self._core.clock.monotonic()
        waiting = [StoredMessage(topic, data, sent, now) for _, topic, data, sent in self._waiting]
        return [*self._unacknowledged.values(), *waiting]

    def _send(
        self, session: Session, topic: str, payload: bytes, qos: int, sent: MessageProperties
    ) -> None:
        packet_id = self._packet_ids.take() if qos else 0
        packet = self._dialect.publish(topic, payload, qos=qos, packet_id=packet_id, sent=sent)
        if len(packet) > self._dialect.packet_maximum:
            self._packet_ids.give_back(packet_id)
            most = self._dialect.packet_maximum
            reason = f"the packet has {len(packet)} bytes; the device takes up to {most}"
            self._core.note("not_sent", session, topic=topic, reason=reason)
            return
        if qos and self._dialect.session_expiry:
            now = self._core.clock.monotonic()
            self._unacknowledged[packet_id] = StoredMessage(topic, payload, sent, now)
        self._write(packet)

    def _objection(self, session: Session, qos: int) -> str:
        """Return why one more message does not go to the client, "" where it does."""
        most = self._core.settings.max_unacknowledged
        if qos and len(self._packet_ids) + len(self._waiting) >= most:
            return f"{most} messages at QoS 1 wait for their PUBACK"
        if self._unsent() > _MAX_UNSENT:
            return f"the device has not read {_MAX_UNSENT} bytes that were sent to it"
        return limits.throttled_down(self._core, session)
