"""An aiohttp application on a port of the platform: TLS and its faults as on the MQTT ports."""

from __future__ import annotations

import asyncio

from aiohttp import web

from alink_sim.platform.access.handshake import PortTls
from alink_sim.platform.access.listener import Listener
from alink_sim.platform.core import Core
from alink_sim.platform.https.expectation import check_expectations
from alink_sim.platform.https.timed import TimedConnections, Times, one_line_logger


class HttpServer:
    """HTTP on one port; `tls_only` takes TLS at once, else the first byte tells."""

    def __init__(
        self,
        core: Core,
        app: web.Application,
        *,
        tls: PortTls,
        tls_only: bool,
        max_line_size: int = 8190,
    ) -> None:
        """`max_line_size` is how long the first line of a request may be, in bytes."""
        settings = core.settings
        self._timed = TimedConnections(
            Times(settings.http_head_seconds, settings.http_idle_seconds),
            lambda reason: core.note("connect_timeout", reason=reason, via="http"),
        )
        app.middlewares.append(self._timed.middleware)
        self._listener = Listener(core, tls=tls, tls_only=tls_only, protocol=self._connection)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            shutdown_timeout=0,
            max_line_size=max_line_size,
            logger=one_line_logger(lambda kind, reason: core.note(kind, reason=reason)),
        )

    async def listen(self, host: str, port: int) -> int:
        """Begin to accept in the running loop; return the port. Raises OSError."""
        await self._runner.setup()
        assert self._runner.server  # noqa: S101 (there since `setup`)
        check_expectations(self._runner.server)
        return self._listener.listen(host, port)

    async def close(self) -> None:
        """Stop accepting and cut every connection."""
        await self._listener.close()
        await self._runner.cleanup()

    def _connection(self, _secure: bool) -> asyncio.Protocol:  # noqa: FBT001 (the listener's)
        assert self._runner.server  # noqa: S101 (there since `listen`)
        return self._timed.made(self._runner.server())
