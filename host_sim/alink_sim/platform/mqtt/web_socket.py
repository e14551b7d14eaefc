"""MQTT over WebSocket, as browsers and mini-programs speak it, on the ports of MQTT.

docs/reference/protocol.md, "MQTT profile". `Door` looks at the first byte of a connection: "G" of
"GET" begins HTTP, and everything else is MQTT. Framing is that of the library `websockets`.
"""

from __future__ import annotations

import asyncio

from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from alink_sim.platform.core import Core
from alink_sim.platform.mqtt.connection import Connection
from alink_sim.platform.mqtt.wrapped_transport import WrappedTransport

_HTTP = b"G"
_NAMES = (Subprotocol("mqtt"), Subprotocol("mqttv3.1"))
_ROOM = 1024  # Bytes of a packet beside its payload.


class Door(asyncio.Protocol):
    """Takes the first bytes of a connection, and hands it to MQTT or to WebSocket."""

    def __init__(self, core: Core, connection: Connection) -> None:
        self._core = core
        self._connection = connection
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin: time runs for the CONNECT."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 (asyncio's own promise)
        self._transport = transport
        self._connection.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Choose the protocol of all that follows."""
        assert self._transport  # noqa: S101 (it has brought bytes)
        chosen: asyncio.Protocol = self._connection
        if data[:1] == _HTTP:
            chosen = WebSocket(self._core, self._connection, self._transport)
        self._transport.set_protocol(chosen)
        chosen.data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell MQTT that a client left without a byte."""
        self._connection.connection_lost(exc)


class WebSocket(asyncio.Protocol):
    """A WebSocket between the bytes of a transport and those of an MQTT connection."""

    def __init__(self, core: Core, connection: Connection, transport: asyncio.Transport) -> None:
        self._core = core
        self._connection = connection
        self._transport = transport
        self._frames = ServerProtocol(
            subprotocols=_NAMES, max_size=core.settings.max_payload + _ROOM
        )

    def data_received(self, data: bytes) -> None:
        """Take bytes in: the handshake, then frames."""
        self._frames.receive_data(data)
        for event in self._frames.events_received():
            if isinstance(event, Request):
                self._accept(event)
            elif isinstance(event, Frame) and event.opcode in (Opcode.BINARY, Opcode.CONT):
                self._connection.data_received(bytes(event.data))
            elif isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                self._frames.fail(CloseCode.UNSUPPORTED_DATA, "MQTT is binary")
        self.flush()

    def pause_writing(self) -> None:
        """Tell MQTT that the client does not read."""
        self._connection.pause_writing()

    def resume_writing(self) -> None:
        """Tell MQTT that the client reads again."""
        self._connection.resume_writing()

    def eof_received(self) -> None:
        """End: the client closed its side."""
        self._frames.receive_eof()
        self.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell MQTT that the connection has ended."""
        self._connection.connection_lost(exc)

    def send(self, data: bytes) -> None:
        """Send bytes of MQTT as a frame."""
        self._frames.send_binary(data)
        self.flush()

    def close(self) -> None:
        """Send the farewell of WebSocket and close."""
        if self._frames.state is State.OPEN:
            self._frames.send_close(CloseCode.NORMAL_CLOSURE)
            self.flush()
        self._transport.close()

    def flush(self) -> None:
        """Send what the framing has for the client; b"" is its end."""
        for data in self._frames.data_to_send():
            if data and not self._transport.is_closing():
                self._transport.write(data)
            elif not data:
                self._transport.close()

    def _accept(self, request: Request) -> None:
        response = self._frames.accept(request)
        self._frames.send_response(response)
        if response.status_code != 101:
            reason = f"HTTP {response.status_code} instead of a WebSocket"
            self._core.note("connection_failed", reason=reason)
            return
        self._connection.connection_made(_Framed(self, self._transport))


class _Framed(WrappedTransport):
    """The transport of an MQTT connection whose bytes travel in frames."""

    def __init__(self, web_socket: WebSocket, inner: asyncio.Transport) -> None:
        super().__init__(inner)
        self._web_socket = web_socket

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._web_socket.send(bytes(data))

    def close(self) -> None:
        self._web_socket.close()
