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
from alink_sim.platform.mqtt import connect_rules, framing, properties, will
from alink_sim.platform.mqtt.acknowledgments import Acknowledgments
from alink_sim.platform.mqtt.dialect import Dialect, Dialect5
from alink_sim.platform.mqtt.faulty_connection import FaultyConnection
from alink_sim.platform.mqtt.framing import Packet
from alink_sim.platform.mqtt.idle_timer import IdleTimer
from alink_sim.platform.mqtt.incoming import Incoming
from alink_sim.platform.mqtt.outgoing import Outgoing
from alink_sim.platform.mqtt.packet_reader import ProtocolViolationError
from alink_sim.platform.mqtt.reading import Reading
from alink_sim.platform.state import unasked
from alink_sim.platform.state.ca import server_name
from alink_sim.platform.state.message_properties import NO_PROPERTIES, MessageProperties
from alink_sim.platform.state.mqtt_reason import Reason
from alink_sim.platform.state.packet_trace import ConnectionTrace
from alink_sim.platform.state.refusal import Code, RefusedError
from alink_sim.platform.state.sessions import Session
from alink_sim.platform.topics import dispatch, sub_device_sessions

_ROOM = 1024  # Bytes of a packet beside its payload.
_KEEPALIVE = range(30, 1201)
_MAX_CONNECT = 16384  # Bytes of a packet from a client that has not logged in.
_MAX_HELD = 100  # Packets a client may send ahead of its CONNACK.
_REPLY_TOPIC = "/ext/register"
_FAILED = 3


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
        self._incoming: Incoming | None = None  # Of the session.
        self._outgoing: Outgoing | None = None
        self._dialect = Dialect()
        self._will: framing.Will | None = None
        self._idle = IdleTimer(core.clock, self._on_idle)
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

    def stop(self) -> None:
        """End with the platform: no will is published."""
        self._will = None
        self.cut("the platform stops")

    def cut(self, reason: str) -> None:
        """End the connection at once, as a cut cable does: no packet, no farewell of TLS."""
        self._end(reason)
        if self._transport:
            self._transport.abort()

    def _dismiss(self, reason: str, why: Reason) -> None:
        """End the session: MQTT 5 tells the client why, MQTT 3.1.1 cuts."""
        if farewell := self._dialect.farewell(why, reason):
            self._write(farewell)
            self._close(reason)
        else:
            self.cut(reason)

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
            self._keep(session)
            self._core.note("offline", session, reason=reason)

    def _keep(self, session: Session) -> None:
        """Store the session of a client that wants it kept; carry out a will of MQTT 5."""
        seconds, now = self._dialect.session_expiry, self._core.clock.monotonic()
        if seconds and self._outgoing:
            self._core.stored.keep(session, self._outgoing.left(), seconds=seconds, now=now)
        if self._will:
            will.carry_out(self._core, session, self._will, session_expiry=seconds)

    def _guarded(self, action: Callable[[], None]) -> None:
        try:
            action()
        except ProtocolViolationError as error:
            self._core.note("protocol_error", self._who(), reason=str(error))
            self._write(self._dialect.farewell(error.reason, str(error)))
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
            if not self._dialect.leave(packet):
                self._will = None
            self._close("the device said DISCONNECT")
        elif packet.kind == framing.PINGREQ:
            self._acknowledgments.add(partial(self._write, framing.PINGRESP))
        elif packet.kind == framing.PUBACK:
            packet_id = framing.decode_puback(packet, level=self._dialect.level)
            if self._outgoing:
                self._outgoing.acknowledged(packet_id)
        elif self._incoming:
            self._incoming.take(packet)
        elif self._core.settings.registration_traffic == "close":
            raise ProtocolViolationError(
                "a registration connection may do nothing else", Reason.PROTOCOL_ERROR
            )

    # CONNECT

    def _begin(self, packet: Packet) -> None:
        if packet.kind != framing.CONNECT:
            raise ProtocolViolationError("the first packet is not CONNECT")
        level = framing.level_of(packet)
        if level == Dialect5.level:
            self._dialect = Dialect5()
        connect = framing.decode_connect(packet)
        self._credentials = who = auth.read(
            connect.client_id,
            connect.user_name,
            connect.password,
            host=self._server_name(),
            level=level,
        )
        if self._trace:
            self._trace.name(who, kind=who.kind, host=who.host, level=level)
        self._meet_faults(who)
        if level not in framing.LEVELS:
            reason = f"MQTT protocol level {level}; 3.1, 3.1.1 and 5 are spoken here"
            self._refuse(connect_rules.BAD_VERSION, None, reason)
            return
        self._dialect.take(connect)
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
            connect_rules.check(self._core, connect, credentials, secure=self._secure)
            if credentials.is_registration:
                await self._register(credentials, connect.keepalive)
            else:
                await self._log_in(credentials, connect)
        except RefusedError as refusal:
            code = connect_rules.connack_code(self._core, credentials, refusal)
            self._refuse(code, refusal.code, refusal.reason)

    def _admitted(self, task: asyncio.Task[None]) -> None:
        held, self._held, self._admitting = self._held, [], None
        if self._session:
            # MQTT 5 names the longest packet, MQTT 3.1.1 the longest payload.
            room = 0 if self._dialect.level >= Dialect5.level else _ROOM
            self._decoder.max_packet = self._core.settings.max_payload + room
        if not task.cancelled() and (error := task.exception()):
            # Its words may hold a row of the database: only the kind of failure is noted.
            self._core.note("platform_error", self._who(), reason=type(error).__name__)
            self._write(self._dialect.refuse(_FAILED))
            self._close("the platform failed")
        self._guarded(lambda: self._take(held))
        self._reading.go_on("its CONNECT")

    def _refuse(self, connack: int | None, code: Code | None, reason: str) -> None:
        registers = self._credentials and self._credentials.is_registration
        kind = "registration_refused" if registers else "login_refused"
        self._core.note(kind, self._credentials, code=code, reason=reason, connack=connack)
        if connack is not None:
            self._write(self._dialect.refuse(connack))
        self._close(reason)

    async def _register(self, credentials: Credentials, keepalive: int) -> None:
        reply = await admission.register(self._core, credentials)
        settings = self._core.settings
        accepted = self._accepted(keepalive)
        push = self._dialect.publish(
            settings.regnwl_topic if credentials.kind is Kind.REGNWL else _REPLY_TOPIC,
            compact(dict(reply)),
            qos=settings.push_qos,
            packet_id=1,
            sent=NO_PROPERTIES,
        )
        self._core.note("registered", credentials, method=credentials.kind.value)
        # The device has so long to store what it gets; closing at once loses it for real clients.
        self._idle.allow(settings.push_seconds + settings.registration_seconds)
        if settings.push_seconds:
            clock, loop = self._core.clock, asyncio.get_running_loop()
            clock.call_later(loop, settings.push_seconds, lambda: self._write(push))
            self._write(accepted)  # Its reader may turn the clock at once.
        else:
            self._write(accepted + push)

    async def _log_in(self, credentials: Credentials, connect: framing.Connect) -> None:
        core, keepalive = self._core, connect.keepalive
        sent = properties.of_message(connect.properties)
        if keepalive not in _KEEPALIVE:
            reason = f"keepalive {keepalive} s is outside 30..1200"
            self._refuse(core.settings.keepalive_code, Code.PARAMETER, reason)
            return
        device, issued = await admission.log_in(core, credentials)
        if not self._is_open:
            return
        write, dialect = self._write, self._dialect
        self._outgoing = Outgoing(core, dialect, write, unsent=self._unsent)
        self._session = session = Session(
            device=device,
            client_id=credentials.client_id,
            issued=issued,
            send=self._deliver,
            end=self._dismiss,
            custom_rrpc=credentials.has_custom_rrpc,
            has_ss=credentials.has_ss,
            unasked=unasked.filters(core.settings, device, has_ss=credentials.has_ss),
        )
        if older := core.sessions.enter(session):
            reason = "the same identity logged in elsewhere"
            core.note("kicked", older, code=Code.SESSION_TAKEN, reason=reason)
            older.end(reason, Reason.SESSION_TAKEN_OVER)
        stored = core.stored.take(session, now=core.clock.monotonic())
        if stored := None if connect.clean_session else stored:
            session.filters |= stored.filters
            session.options |= stored.options
        self._will = connect.will
        self._incoming = Incoming(
            core,
            session,
            dialect,
            acknowledgments=self._acknowledgments,
            reading=self._reading,
            write=write,
        )
        self._idle.allow(1.5 * keepalive + core.settings.sweep_seconds)
        core.note("online", session, tls=self._secure, method=credentials.kind.value)
        if told := sent.told():
            core.note("message_properties", session, **told)
        write(self._accepted(keepalive, session_present=stored is not None))
        for one in stored.messages if stored else ():
            if living := one.at(core.clock.monotonic()):
                self._deliver(living.topic, living.payload, 1, living.properties)
        dispatch.send_waiting(core, device)

    def _accepted(self, keepalive: int, *, session_present: bool = False) -> bytes:
        return self._dialect.accept(
            keepalive=keepalive,
            packet_maximum=self._core.settings.max_payload,
            session_present=session_present,
        )

    # Output and time

    def _deliver(self, topic: str, payload: bytes, qos: int, sent: MessageProperties) -> None:
        if self._session and self._outgoing:
            self._outgoing.send(self._session, topic, payload, qos, sent)

    def _unsent(self) -> int:
        return self._transport.get_write_buffer_size() if self._transport else 0

    def _write(self, data: bytes) -> None:
        if data and self._is_open and self._transport:
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
            self._dismiss("no packet for 1.5 keepalives", Reason.KEEPALIVE_TIMEOUT)


def _recorded(trace: ConnectionTrace, packets: Iterator[Packet]) -> Iterator[Packet]:
    for packet in packets:
        trace.up(packet.kind << 4 | packet.flags, packet.body)
        yield packet
