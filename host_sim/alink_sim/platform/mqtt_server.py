"""The MQTT port: TLS or plain told by the first byte; registration, login and sessions.

docs/protocol.md, sections "MQTT profile", "Dynamic registration" and "Login".
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from alink_sim.clock import Clock, Timer
from alink_sim.platform import auth, framing, things
from alink_sim.platform.auth import Credentials, Kind
from alink_sim.platform.event_log import Event, EventLog
from alink_sim.platform.framing import Packet, ProtocolViolationError
from alink_sim.platform.registry import ClientId, Device, RefusedError, Registry
from alink_sim.platform.sessions import Session, Sessions
from alink_sim.platform.settings import Settings

_TLS_RECORD = b"\x16"
_MAX_PACKET = 256 * 1024 + 1024
_MAX_SUBSCRIPTIONS = 100
_REGISTERED = {Kind.REGISTER: "/ext/register", Kind.REGNWL: "/ext/regnwl"}
_ACCEPTED, _BAD_VERSION, _MALFORMED, _REFUSED = 0, 1, 2, 4


@dataclass(frozen=True)
class Rooms:
    """What every connection works on. `committed` returns once all changes are at rest."""

    registry: Registry
    sessions: Sessions
    log: EventLog
    clock: Clock
    settings: Settings
    committed: Callable[[], Awaitable[None]]

    def note(self, kind: str, device: Device | Credentials | None = None, **more: object) -> None:
        """Add an event of now."""
        if isinstance(device, Device):
            more |= {"product_key": device.product_key, "device_name": device.name}
        elif device is not None:
            more |= {
                "product_key": device.product_key,
                "device_name": device.device_name,
                "client_id": device.client_id,
            }
        self.log.add(Event(time=self.clock.time(), kind=kind, **more))  # type: ignore[arg-type]


class MqttListener:
    """One listening socket; `tls_only` refuses plain MQTT, else the first byte tells."""

    def __init__(self, rooms: Rooms, *, tls: ssl.SSLContext, tls_only: bool) -> None:
        self._rooms = rooms
        self._tls = tls
        self._tls_only = tls_only
        self._connections: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._socket: socket.socket | None = None

    def listen(self, host: str, port: int) -> int:
        """Begin to accept in the running loop; return the port. Raises OSError."""
        self._socket = socket.create_server((host, port), backlog=512)
        self._socket.setblocking(False)  # noqa: FBT003 (its only form)
        self._spawn(self._accept(self._socket))
        bound: int = self._socket.getsockname()[1]
        return bound

    async def close(self) -> None:
        """Stop accepting and cut every connection."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for connection in list(self._connections):
            connection.cut("the platform stops")
        if self._socket:
            self._socket.close()

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            peer, _ = await loop.sock_accept(listener)
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._spawn(self._serve(peer))

    async def _serve(self, peer: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            secure = self._tls_only or await _first_byte(peer) == _TLS_RECORD
            await loop.connect_accepted_socket(
                lambda: Connection(self._rooms, secure=secure, connections=self._connections),
                peer,
                ssl=self._tls if secure else None,
            )
        except (OSError, ssl.SSLError) as error:
            # A failed handshake is worth a line: it is the commonest fault of a first boot.
            self._rooms.note("connection_failed", reason=_plain(error))
            peer.close()


class Connection(asyncio.Protocol):
    """One client, from its CONNECT to its end."""

    def __init__(self, rooms: Rooms, *, secure: bool, connections: set[Connection]) -> None:
        self._rooms = rooms
        self._secure = secure
        self._connections = connections
        self._decoder = framing.Decoder(max_packet=_MAX_PACKET)
        self._transport: asyncio.Transport | None = None
        self._waiting: list[Packet] | None = None  # Packets that came while a CONNECT is decided.
        self._credentials: Credentials | None = None
        self._session: Session | None = None
        self._timer: Timer | None = None
        self._keepalive = 0.0
        self._heard = rooms.clock.monotonic()
        self._packet_id = 0
        self._reason = "the device closed the connection"

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; a client that never sends CONNECT is cut like an idle registration."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 (asyncio's own promise)
        self._transport = transport
        self._connections.add(self)
        self._arm(self._rooms.settings.registration_seconds, self._registration_is_over)

    def data_received(self, data: bytes) -> None:
        """Take bytes in; what breaks the rules ends the connection."""
        try:
            for packet in self._decoder.feed(data):
                if self._waiting is not None:
                    self._waiting.append(packet)
                else:
                    self._handle(packet)
        except ProtocolViolationError as error:
            self._rooms.note("protocol_error", self._credentials, reason=str(error))
            self.cut(str(error))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Forget the session."""
        self._connections.discard(self)
        if self._timer:
            self._timer.cancel()
        if self._session:
            device = self._session.device
            self._rooms.sessions.leave(self._session)
            self._rooms.registry.offline(device)
            self._rooms.note("offline", self._credentials, reason=self._reason)
            self._session = None

    def cut(self, reason: str) -> None:
        """End the connection without a packet."""
        self._reason = reason
        if self._transport:
            self._transport.close()

    # Packets

    def _handle(self, packet: Packet) -> None:
        self._heard = self._rooms.clock.monotonic()
        if self._credentials is None:
            if packet.kind != framing.CONNECT:
                raise ProtocolViolationError("the first packet is not CONNECT")
            self._waiting = []
            work = asyncio.ensure_future(self._connect(framing.decode_connect(packet)))
            work.add_done_callback(self._go_on)
        elif packet.kind == framing.DISCONNECT:
            self.cut("the device said DISCONNECT")
        elif packet.kind == framing.PINGREQ:
            self._write(framing.PINGRESP)
        elif packet.kind == framing.PUBACK:
            pass  # A QoS 1 downlink is sent once; nothing is queued for later.
        elif self._session is None:
            raise ProtocolViolationError("a registration connection may do nothing else")
        elif packet.kind == framing.PUBLISH:
            self._publish(self._session, framing.decode_publish(packet))
        elif packet.kind == framing.SUBSCRIBE:
            self._subscribe(self._session, packet)
        elif packet.kind == framing.UNSUBSCRIBE:
            packet_id, filters = framing.decode_unsubscribe(packet)
            for one in filters:
                self._session.filters.pop(one, None)
            self._write(framing.unsuback(packet_id))
        else:
            raise ProtocolViolationError(f"packet type {packet.kind} has no place here")

    def _go_on(self, work: asyncio.Future[None]) -> None:
        waiting, self._waiting = self._waiting or [], None
        if not work.cancelled() and (error := work.exception()):
            self._rooms.note("platform_error", self._credentials, reason=type(error).__name__)
            self.cut("the platform failed")
            raise error
        try:
            for packet in waiting:
                self._handle(packet)
        except ProtocolViolationError as error:
            self._rooms.note("protocol_error", self._credentials, reason=str(error))
            self.cut(str(error))

    async def _connect(self, connect: framing.Connect) -> None:
        if connect.level not in (3, 4):
            self._refuse(_BAD_VERSION, "protocol_error", None, f"MQTT level {connect.level}")
            return
        try:
            self._credentials = credentials = self._parse(connect)
        except auth.UnsupportedSignMethodError as error:
            self._refuse(_MALFORMED, "login_refused", 6292, str(error))
            return
        except auth.MalformedError as error:
            self._refuse(_MALFORMED, "login_refused", 460, str(error))
            return
        try:
            if credentials.is_registration:
                await self._register(credentials)
            else:
                await self._log_in(credentials, connect)
        except RefusedError as refusal:
            kind = "registration_refused" if credentials.is_registration else "login_refused"
            code = _MALFORMED if refusal.code == 460 else self._rooms.settings.refused_code
            self._refuse(code, kind, refusal.code, refusal.reason)

    def _parse(self, connect: framing.Connect) -> Credentials:
        if len(connect.client_id.encode()) > self._rooms.settings.max_client_id:
            raise auth.MalformedError("the client id is too long")
        if connect.has_will:
            raise auth.MalformedError("a will message is not supported")
        return auth.parse(connect.client_id, connect.user_name, connect.password)

    def _refuse(self, code: int, kind: str, reason_code: int | None, reason: str) -> None:
        self._rooms.note(kind, self._credentials, code=reason_code, reason=reason)
        self._write(framing.connack(code))
        self.cut(reason)

    # Registration

    async def _register(self, credentials: Credentials) -> None:
        if not self._secure:
            raise RefusedError(460, "registration needs TLS")
        rooms = self._rooms
        product = rooms.registry.product_for_registration(credentials.product_key)
        if not auth.registration_is_signed(credentials, product.secret):
            raise RefusedError(6600, "the signature does not fit the ProductSecret")
        answer = {"productKey": product.key, "deviceName": credentials.device_name}
        if credentials.kind is Kind.REGISTER:
            device = rooms.registry.register(
                product, credentials.device_name, rotate_secret=rooms.settings.rotate_secret
            )
            answer["deviceSecret"] = device.secret
        else:
            device, issued = rooms.registry.register_without_preregistration(
                product, credentials.device_name, rooms.clock.time()
            )
            answer |= {"clientId": issued.client_id, "deviceToken": issued.token}
        await rooms.committed()
        qos = rooms.settings.push_qos
        push = framing.publish(
            _REGISTERED[credentials.kind], things.compact(answer), qos=qos, packet_id=1
        )
        rooms.note("registered", device, detail={"method": credentials.kind.value})
        self._write(framing.connack(_ACCEPTED) + push)

    def _registration_is_over(self) -> None:
        if self._session is None:
            self._rooms.note(
                "registration_timeout",
                self._credentials,
                reason="nothing more came for too long, so the connection is cut",
            )
            self.cut("an idle registration connection")

    # Login

    async def _log_in(self, credentials: Credentials, connect: framing.Connect) -> None:
        rooms = self._rooms
        if credentials.secure_mode == "2" and not self._secure:
            raise RefusedError(460, "securemode 2 says TLS, the connection is plain TCP")
        device = rooms.registry.device_for_login(credentials.product_key, credentials.device_name)
        issued = self._proof(credentials, device)
        if not 30 <= connect.keepalive <= 1200:
            self._refuse_keepalive(connect.keepalive)
            return
        was_active = device.activated
        rooms.registry.online(device, issued, rooms.clock.time())
        if not was_active:
            await rooms.committed()
        self._session = Session(
            device=device,
            issued=issued,
            auto_deliver=self._auto_delivers(credentials),
            send=self._deliver,
            end=self.cut,
        )
        older = rooms.sessions.enter(self._session)
        if older:
            rooms.note("kicked", device, code=427, reason="the same identity logged in elsewhere")
            older.end("the same identity logged in elsewhere")
        self._keepalive = 1.5 * connect.keepalive + rooms.settings.sweep_seconds
        self._arm(self._keepalive, self._keepalive_is_over)
        rooms.note("online", credentials, detail={"tls": self._secure})
        self._write(framing.connack(_ACCEPTED))

    def _proof(self, credentials: Credentials, device: Device) -> ClientId | None:
        registry, settings = self._rooms.registry, self._rooms.settings
        if credentials.kind is Kind.CONNWL:
            issued = registry.client_id_for_login(device, credentials.client_id)
            if not auth.token_matches(credentials, issued.token):
                raise RefusedError(6600, "the password is not the DeviceToken")
            return issued
        if not auth.login_is_signed(
            credentials,
            device.secret,
            client_id_optional=settings.login_content_without_client_id,
        ):
            raise RefusedError(6600, "the signature does not fit the DeviceSecret")
        return None

    def _refuse_keepalive(self, keepalive: int) -> None:
        reason = f"keepalive {keepalive} s is outside 30..1200"
        code = self._rooms.settings.bad_keepalive_code
        self._rooms.note("login_refused", self._credentials, code=460, reason=reason)
        if code is not None:
            self._write(framing.connack(code))
        self.cut(reason)

    def _auto_delivers(self, credentials: Credentials) -> bool:
        wanted = self._rooms.settings.auto_deliver
        return wanted == "always" or (wanted == "ss" and credentials.extension.get("_ss") == "1")

    def _keepalive_is_over(self) -> None:
        left = self._keepalive - (self._rooms.clock.monotonic() - self._heard)
        if left > 0:
            self._arm(left, self._keepalive_is_over)
        else:
            self.cut("nothing came for 1.5 keepalives")

    # The session

    def _publish(self, session: Session, message: framing.Publish) -> None:
        device, rooms = session.device, self._rooms
        if message.qos == 2:
            raise ProtocolViolationError("QoS 2 is not supported")
        if message.retain:
            raise ProtocolViolationError("retained messages are not supported")
        if not self._may_use(device, message.topic):
            rooms.note("publish_refused", device, reason=f"no right to topic {message.topic}")
            if rooms.settings.close_on_foreign_topic:
                self.cut("a foreign topic")
            return
        if message.qos:
            self._write(framing.puback(message.packet_id))
        answer = things.property_post(
            device.product_key, device.name, message.topic, message.payload
        )
        if answer is None:
            rooms.note("published", device, detail={"topic": message.topic})
            return
        if answer.values:
            rooms.registry.report(device, answer.values)
        rooms.note(
            "property_posted" if answer.code == 200 else "property_refused",
            device,
            code=answer.code,
            detail={"values": answer.values},
        )
        if answer.reply is not None:
            session.deliver(answer.topic, answer.reply)

    def _subscribe(self, session: Session, packet: Packet) -> None:
        packet_id, filters = framing.decode_subscribe(packet)
        codes = []
        for topic_filter, qos in filters:
            full = len(session.filters) >= _MAX_SUBSCRIPTIONS
            if full or not self._may_use(session.device, topic_filter):
                reason = "100 subscriptions are in use" if full else "no right to the topic"
                self._rooms.note(
                    "subscribe_refused", session.device, reason=f"{reason}: {topic_filter}"
                )
                codes.append(0x80)
            else:
                session.filters[topic_filter] = min(qos, 1)
                codes.append(min(qos, 1))
                self._rooms.note("subscribed", session.device, detail={"filter": topic_filter})
        self._write(framing.suback(packet_id, codes))

    def _may_use(self, device: Device, topic: str) -> bool:
        # A device's topics name it: /sys/PK/DN/..., /ota/device/inform/PK/DN, /PK/DN/user/...
        levels = topic.split("/")
        if topic.startswith(("/ext/", "/broadcast/")):
            return "+" not in levels[2:4] or topic.startswith("/ext/rrpc/")
        for at in range(len(levels) - 1):
            if levels[at] == device.product_key and levels[at + 1] == device.name:
                return True
        return False

    def _deliver(self, topic: str, payload: bytes, qos: int) -> None:
        if qos:
            self._packet_id = self._packet_id % 65535 + 1
        self._write(framing.publish(topic, payload, qos=qos, packet_id=self._packet_id))

    # Helpers

    def _write(self, data: bytes) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.write(data)

    def _arm(self, seconds: float, callback: Callable[[], None]) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = self._rooms.clock.call_later(asyncio.get_running_loop(), seconds, callback)


async def _first_byte(peer: socket.socket) -> bytes:
    """Return the first byte that comes, left where it is; b"" when the peer goes away."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_reader(peer, _settle, ready)
    try:
        await ready
    finally:
        loop.remove_reader(peer)
    return peer.recv(1, socket.MSG_PEEK)


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _plain(error: Exception) -> str:
    """Return a short reason of a failed connection: OpenSSL's, the system's, or the class."""
    for name in ("reason", "strerror"):
        if text := getattr(error, name, None):
            return str(text)
    return type(error).__name__
