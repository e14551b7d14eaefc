"""One MQTT connection, from its CONNECT to its end: packets in, packets out, timers.

docs/reference/protocol.md, "MQTT profile", "Dynamic registration" and "Login".
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from alink_sim.platform.access import admission, auth, limits
from alink_sim.platform.access.auth import Credentials, Kind
from alink_sim.platform.compact import compact
from alink_sim.platform.core import Core
from alink_sim.platform.mqtt import framing
from alink_sim.platform.mqtt.acknowledgments import Acknowledgments
from alink_sim.platform.mqtt.faulty_connection import FaultyConnection
from alink_sim.platform.mqtt.framing import Packet, ProtocolViolationError
from alink_sim.platform.mqtt.idle_timer import IdleTimer
from alink_sim.platform.mqtt.packet_ids import PacketIds
from alink_sim.platform.mqtt.reading import Reading
from alink_sim.platform.state import unasked
from alink_sim.platform.state.ca import server_name
from alink_sim.platform.state.packet_trace import ConnectionTrace
from alink_sim.platform.state.refusal import Code, RefusedError
from alink_sim.platform.state.sessions import Session
from alink_sim.platform.topics import dispatch, sub_device_sessions

_ROOM = 1024  # Bytes of a packet beside its payload.
_KEEPALIVE = range(30, 1201)
_MAX_CONNECT = 16384  # Bytes of a packet from a client that has not logged in.
_MAX_HELD = 100  # Packets a client may send ahead of its CONNACK.
_MAX_WAITING = 100  # Acknowledgments that wait for a commit before the client is read again.
_MAX_UNSENT = 1 << 20  # Bytes that wait for a client to take them.
_REPLY_TOPIC = "/ext/register"
_ACCEPTED, _BAD_VERSION, _MALFORMED, _FAILED, _REFUSED = 0, 1, 2, 3, 4
_BY_SETTING = (Code.SWITCHED_OFF, Code.ACTIVATED, None)


class Connection(asyncio.Protocol):
    """A client. `secure` tells whether it came over TLS; `peers` holds all open connections."""

    def __init__(self, core: Core, *, secure: bool, peers: set[Connection]) -> None:
        self._core = core
        self._secure = secure
        self._peers = peers
        self._decoder = framing.Decoder(max_packet=_MAX_CONNECT)
        self._transport: asyncio.Transport | None = None
        self._faulty: FaultyConnection | None = None  # The transport, if faults are on it.
        self._credentials: Credentials | None = None
        self._admitting: asyncio.Task[None] | None = None
        self._held: list[Packet] = []  # Packets that arrived before the CONNACK.
        self._session: Session | None = None
        self._idle = IdleTimer(core.clock, self._on_idle)
        self._packet_ids = PacketIds()
        self._is_open = False
        self._trace = core.trace.connection(secure=secure)
        self._acknowledgments = Acknowledgments(self._failed)
        self._reading = Reading(lambda: self._transport if self._is_open else None)

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin. A client that sends no CONNECT is cut like an idle registration."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 (asyncio's own promise)
        self._transport = transport
        self._is_open = True
        self._peers.add(self)
        self._idle.allow(self._core.settings.registration_seconds)

    def data_received(self, data: bytes) -> None:
        """Take bytes in; what breaks the rules ends the connection."""
        packets = self._decoder.feed(data)
        if self._trace:
            packets = _recorded(self._trace, packets)
        self._guarded(lambda: self._take(packets))

    def pause_writing(self) -> None:
        """Take nothing more from a client that does not read its replies."""
        self._reading.pause("its replies")

    def resume_writing(self) -> None:
        """Go on reading."""
        self._reading.go_on("its replies")

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._end(str(exc) if exc else "the device closed the connection")
        self._peers.discard(self)

    # Ends

    def cut(self, reason: str) -> None:
        """End the connection at once, as a cut cable does: no packet, no farewell of TLS."""
        self._end(reason)
        if self._transport:
            self._transport.abort()

    def _close(self, reason: str) -> None:
        """End the connection once all output is sent."""
        self._end(reason)
        if self._transport:
            self._transport.close()

    def _end(self, reason: str) -> None:
        """End the session; a peer that is gone without a word must not keep it alive."""
        self._is_open = False
        if self._trace:
            self._trace.end(reason)
        self._acknowledgments.clear()
        self._idle.cancel()
        if self._session:
            session, self._session = self._session, None
            sub_device_sessions.leave_all(self._core, session)
            self._core.sessions.leave(session)
            self._core.note("offline", session, reason=reason)

    def _guarded(self, action: Callable[[], None]) -> None:
        try:
            action()
        except ProtocolViolationError as error:
            self._core.note("protocol_error", self._who(), reason=str(error))
            self._close(str(error))
        except Exception as error:  # noqa: BLE001 (a fault of ours costs one connection)
            self._failed(error)

    def _failed(self, error: BaseException) -> None:
        # Its words may hold a row of the database: only the kind of failure is noted.
        self._core.note("platform_error", self._who(), reason=type(error).__name__)
        self.cut("the platform failed")

    def _who(self) -> Session | Credentials | None:
        return self._session or self._credentials

    # Packets

    def _take(self, packets: Iterable[Packet]) -> None:
        for packet in packets:
            if not self._is_open:
                return
            if self._admitting:
                self._hold(packet)
            else:
                self._handle(packet)

    def _hold(self, packet: Packet) -> None:
        if len(self._held) >= _MAX_HELD:
            raise ProtocolViolationError(f"more than {_MAX_HELD} packets before the CONNACK")
        self._held.append(packet)

    def _handle(self, packet: Packet) -> None:
        if self._session:
            self._idle.heard()  # A registration has no keepalive.
        if self._credentials is None:
            self._begin(packet)
        elif packet.kind == framing.DISCONNECT:
            self._close("the device said DISCONNECT")
        elif packet.kind == framing.PINGREQ:
            self._acknowledgments.add(partial(self._write, framing.PINGRESP))
        elif packet.kind == framing.PUBACK:
            self._packet_ids.give_back(framing.decode_puback(packet))
        elif self._session:
            self._serve(self._session, packet)
        elif self._core.settings.registration_traffic == "close":
            raise ProtocolViolationError("a registration connection may do nothing else")

    def _serve(self, session: Session, packet: Packet) -> None:
        if packet.kind == framing.PUBLISH:
            self._publish(session, framing.decode_publish(packet))
        elif packet.kind == framing.SUBSCRIBE:
            packet_id, filters = framing.decode_subscribe(packet)
            granted = dispatch.subscribe(self._core, session, filters)
            self._acknowledgments.add(partial(self._write, framing.suback(packet_id, granted)))
        elif packet.kind == framing.UNSUBSCRIBE:
            packet_id, names = framing.decode_unsubscribe(packet)
            for name in names:
                session.unsubscribe(name)
            self._acknowledgments.add(partial(self._write, framing.unsuback(packet_id)))
        else:
            raise ProtocolViolationError(f"packet type {packet.kind} has no place here")

    def _publish(self, session: Session, message: framing.Publish) -> None:
        settings = self._core.settings
        if message.qos == 2 and settings.qos2 == "close":
            raise ProtocolViolationError("QoS 2 is not supported")
        if message.retain and settings.retain == "close":
            raise ProtocolViolationError("retained messages are not supported")
        size = len(message.payload)
        if size > settings.max_payload:
            raise ProtocolViolationError(
                f"{size} bytes; a payload has up to {settings.max_payload}"
            )
        over = limits.throttled(self._core, session, message.topic, qos=message.qos, size=size)
        if over:
            self._core.note("throttled", session, code=Code.TOO_OFTEN, reason=over)
        commits = self._core.commits
        before = commits.changes
        reply = (
            None if over else dispatch.publish(self._core, session, message.topic, message.payload)
        )
        acknowledges = message.qos > 0 and (settings.throttled_puback or not over)

        def acknowledge() -> None:
            if acknowledges:
                self._write(framing.puback(message.packet_id))
            if reply and self._session is session:
                dispatch.reply(self._core, session, *reply)
            self._reading.go_on("its acknowledgments")

        waits = settings.acknowledge == "committed" and commits.changes != before
        self._acknowledgments.add(acknowledge, after=commits.begin() if waits else None)
        if len(self._acknowledgments) >= _MAX_WAITING:
            self._reading.pause("its acknowledgments")

    # CONNECT

    def _begin(self, packet: Packet) -> None:
        if packet.kind != framing.CONNECT:
            raise ProtocolViolationError("the first packet is not CONNECT")
        connect = framing.decode_connect(packet)
        self._credentials = who = auth.read(
            connect.client_id, connect.user_name, connect.password, host=self._server_name()
        )
        if self._trace:
            self._trace.name(who, kind=who.kind, host=who.host)
        self._meet_faults(who)
        if connect.level not in (3, 4):
            reason = f"MQTT protocol level {connect.level}; 3.1 and 3.1.1 are spoken here"
            self._refuse(_BAD_VERSION, None, reason)
            return
        self._reading.pause("its CONNECT")
        self._admitting = asyncio.get_running_loop().create_task(self._admit(connect))
        self._admitting.add_done_callback(self._admitted)

    def _server_name(self) -> str:
        assert self._transport  # noqa: S101 (it has brought a packet)
        return server_name(self._transport.get_extra_info("ssl_object"))

    def _meet_faults(self, credentials: Credentials) -> None:
        assert self._transport  # noqa: S101 (it has brought a packet)
        if not (faults := self._core.faults.of_connection(credentials)):
            return
        self._transport = self._faulty = FaultyConnection(
            self._transport,
            faults,
            core=self._core,
            credentials=credentials,
            cut=self.cut,
            end=self._end,
            trace=self._trace,
        )

    async def _admit(self, connect: framing.Connect) -> None:
        assert self._credentials  # noqa: S101 (set by the only caller)
        credentials = self._credentials
        if self._faulty and (scripted := self._faulty.refusal()):
            self._refuse(*scripted, "a scripted fault refuses it")
            return
        if over := limits.throttled_connect(self._core, credentials):
            self._refuse(self._core.settings.throttled_connect, Code.TOO_OFTEN, over)
            return
        try:
            self._check(connect, credentials)
            if credentials.is_registration:
                await self._register(credentials)
            else:
                await self._log_in(credentials, connect.keepalive)
        except RefusedError as refusal:
            self._refuse(self._connack_code(refusal), refusal.code, refusal.reason)

    def _admitted(self, task: asyncio.Task[None]) -> None:
        held, self._held, self._admitting = self._held, [], None
        if self._session:
            self._decoder.max_packet = self._core.settings.max_payload + _ROOM
        if not task.cancelled() and (error := task.exception()):
            # Its words may hold a row of the database: only the kind of failure is noted.
            self._core.note("platform_error", self._who(), reason=type(error).__name__)
            self._write(framing.connack(_FAILED))
            self._close("the platform failed")
        self._guarded(lambda: self._take(held))
        self._reading.go_on("its CONNECT")

    def _check(self, connect: framing.Connect, credentials: Credentials) -> None:
        settings = self._core.settings
        size = len(connect.client_id.encode())
        if size > settings.max_client_id:
            raise RefusedError(
                Code.PARAMETER, f"client id of {size} bytes; up to {settings.max_client_id} go"
            )
        if connect.has_will and settings.will == "refuse":
            raise RefusedError(Code.PARAMETER, "will messages are not supported")
        auth.check_form(credentials, settings, secure=self._secure)

    def _connack_code(self, refusal: RefusedError) -> int:
        if refusal.code is Code.PARAMETER:
            return _MALFORMED
        if refusal.code is Code.SIGN_METHOD:
            return self._core.settings.sign_method_code
        registers = self._credentials and self._credentials.is_registration
        if registers and refusal.code in _BY_SETTING:
            return self._core.settings.refused_code
        return _REFUSED

    def _refuse(self, connack: int | None, code: Code | None, reason: str) -> None:
        registers = self._credentials and self._credentials.is_registration
        kind = "registration_refused" if registers else "login_refused"
        self._core.note(kind, self._credentials, code=code, reason=reason, connack=connack)
        if connack is not None:
            self._write(framing.connack(connack))
        self._close(reason)

    async def _register(self, credentials: Credentials) -> None:
        reply = await admission.register(self._core, credentials)
        settings = self._core.settings
        push = framing.publish(
            settings.regnwl_topic if credentials.kind is Kind.REGNWL else _REPLY_TOPIC,
            compact(dict(reply)),
            qos=settings.push_qos,
            packet_id=1,
        )
        self._core.note("registered", credentials, method=credentials.kind.value)
        # The device has so long to store what it gets; closing at once loses it for real clients.
        self._idle.allow(settings.push_seconds + settings.registration_seconds)
        if settings.push_seconds:
            clock, loop = self._core.clock, asyncio.get_running_loop()
            clock.call_later(loop, settings.push_seconds, lambda: self._write(push))
            self._write(framing.connack(_ACCEPTED))  # Its reader may turn the clock at once.
        else:
            self._write(framing.connack(_ACCEPTED) + push)

    async def _log_in(self, credentials: Credentials, keepalive: int) -> None:
        core = self._core
        if keepalive not in _KEEPALIVE:
            reason = f"keepalive {keepalive} s is outside 30..1200"
            self._refuse(core.settings.keepalive_code, Code.PARAMETER, reason)
            return
        device, issued = await admission.log_in(core, credentials)
        if not self._is_open:
            return
        self._session = session = Session(
            device=device,
            client_id=credentials.client_id,
            issued=issued,
            send=self._deliver,
            end=self.cut,
            custom_rrpc=credentials.has_custom_rrpc,
            has_ss=credentials.has_ss,
            unasked=unasked.filters(core.settings, device, has_ss=credentials.has_ss),
        )
        if older := core.sessions.enter(session):
            reason = "the same identity logged in elsewhere"
            core.note("kicked", older, code=Code.SESSION_TAKEN, reason=reason)
            older.end(reason)
        self._idle.allow(1.5 * keepalive + core.settings.sweep_seconds)
        core.note("online", session, tls=self._secure, method=credentials.kind.value)
        self._write(framing.connack(_ACCEPTED))
        dispatch.send_waiting(core, device)

    # Output and time

    def _deliver(self, topic: str, payload: bytes, qos: int) -> None:
        if self._session and (over := self._objection(self._session, qos)):
            self._core.note("throttled", self._session, code=Code.TOO_OFTEN, reason=over)
            return
        packet_id = self._packet_ids.take() if qos else 0
        self._write(framing.publish(topic, payload, qos=qos, packet_id=packet_id))

    def _objection(self, session: Session, qos: int) -> str:
        """Return why one more message does not go to the client, "" where it does."""
        most = self._core.settings.max_unacknowledged
        if qos and len(self._packet_ids) >= most:
            return f"{most} messages at QoS 1 wait for their PUBACK"
        if self._transport and self._transport.get_write_buffer_size() > _MAX_UNSENT:
            return f"the device has not read {_MAX_UNSENT} bytes that were sent to it"
        return limits.throttled_down(self._core, session)

    def _write(self, data: bytes) -> None:
        if self._is_open and self._transport:
            self._transport.write(data)
            if self._trace and not self._faulty:
                self._trace.down(data)

    def _on_idle(self, seconds: float) -> None:
        if self._session is None:
            self._core.note(
                "registration_timeout" if self._credentials else "connect_timeout",
                self._credentials,
                reason=f"idle for {seconds:g} s",
            )
            self.cut("idle without a session")
        else:
            self.cut("no packet for 1.5 keepalives")


def _recorded(trace: ConnectionTrace, packets: Iterator[Packet]) -> Iterator[Packet]:
    for packet in packets:
        trace.up(packet.kind << 4 | packet.flags, packet.body)
        yield packet
