"""The administration: HTTP on loopback, one POST an operation, for those who have the key.

`POST /OPERATION` with a JSON object of its parameters and `Authorization: Bearer KEY`; answers
are 200 with the result, 400 and 404 for what it cannot do, 401 without the key.
"""

from __future__ import annotations

import asyncio
import hmac
import json

from aiohttp import web

from alink_sim.platform.control.operations import OPERATIONS
from alink_sim.platform.platform import Platform
from alink_sim.platform.state.registry import RegistryError

LOOPBACK = "127.0.0.1"

_MAX_BODY = 256 << 20  # Files of an update package, in Base64.


class AdminServer:
    """Serves the operations of a platform, in an event loop of the caller's."""

    def __init__(self, platform: Platform, *, key: str) -> None:
        self._platform = platform
        self._key = f"Bearer {key}".encode()
        self._runner: web.AppRunner | None = None

    async def start(self) -> int:
        """Listen on loopback; return the port."""
        app = web.Application(client_max_size=_MAX_BODY)
        app.router.add_post("/{operation}", self._answer)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, 0).start()
        port: int = self._runner.addresses[0][1]
        return port

    async def stop(self) -> None:
        """Listen no more."""
        if self._runner:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        shown = request.headers.get("Authorization", "").encode(errors="replace")
        if not hmac.compare_digest(shown, self._key):
            return _error(401, "the key is missing or wrong; it lies in the state directory")
        operation = OPERATIONS.get(request.match_info["operation"])
        if operation is None:
            return _error(404, f"there is no such operation; there are: {', '.join(OPERATIONS)}")
        try:
            parameters = json.loads(await request.read() or b"{}")
            result = await asyncio.to_thread(operation, self._platform, **parameters)
        except (RegistryError, TypeError, ValueError) as error:
            return _error(400, str(error))
        return web.json_response(result)


def _error(status: int, text: str) -> web.Response:
    return web.json_response({"error": text}, status=status)
