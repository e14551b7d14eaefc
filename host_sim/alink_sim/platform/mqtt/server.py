"""The MQTT ports: connections of MQTT behind a listener."""

from __future__ import annotations

from alink_sim.platform.access.handshake import PortTls
from alink_sim.platform.access.listener import Listener
from alink_sim.platform.core import Core
from alink_sim.platform.mqtt.connection import Connection
from alink_sim.platform.mqtt.web_socket import Door


class MqttServer:
    """MQTT on one port, over TLS only or over both, with or without WebSocket."""

    def __init__(self, core: Core, *, tls: PortTls, tls_only: bool) -> None:
        self._connections: set[Connection] = set()
        self._listener = Listener(
            core,
            tls=tls,
            tls_only=tls_only,
            protocol=lambda secure: Door(
                core, Connection(core, secure=secure, peers=self._connections)
            ),
        )

    async def listen(self, host: str, port: int) -> int:
        """Begin to accept in the running loop; return the port. Raises OSError."""
        return self._listener.listen(host, port)

    async def close(self) -> None:
        """Stop accepting and cut every connection."""
        await self._listener.close()
        for connection in list(self._connections):
            connection.stop()
