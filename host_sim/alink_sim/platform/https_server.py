"""The HTTPS port: dynamic registration by POST.

docs/protocol.md, section "HTTPS". TLS as on the MQTT ports: same certificate, same faults.
"""

from __future__ import annotations

import ssl
from functools import partial

from aiohttp import web

from alink_sim.platform import https_registration
from alink_sim.platform.core import Core
from alink_sim.platform.listener import Listener


class HttpsServer:
    """HTTP over TLS on one port."""

    def __init__(self, core: Core, *, tls: ssl.SSLContext) -> None:
        self._listener = Listener(core, tls=tls, tls_only=True, protocol=self._connection)
        self._app = web.Application()
        self._app.router.add_post(
            "/auth/register/device", partial(https_registration.answer, core)
        )
        self._runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=0)

    async def listen(self, host: str, port: int) -> int:
        """Begin to accept in the running loop; return the port. Raises OSError."""
        await self._runner.setup()
        return self._listener.listen(host, port)

    async def close(self) -> None:
        """Stop accepting and cut every connection."""
        await self._listener.close()
        await self._runner.cleanup()

    def _connection(self, _secure: bool) -> web.RequestHandler:  # noqa: FBT001 (the listener's)
        assert self._runner.server  # noqa: S101 (there since `listen`)
        return self._runner.server()
