"""The control server: HTTP on loopback, one POST an operation, for holders of the key.

`POST /OPERATION` with a JSON object of its parameters and `Authorization: Bearer KEY`. Responses:
200 with the result, 400 for parameters it cannot take, 404 for an unknown operation, 401 without
the key.
"""

from __future__ import annotations

import asyncio
import hmac

from aiohttp import web

from alink_sim import bounded_json
from alink_sim.platform.control import operations
from alink_sim.platform.https.expectation import check_expectations
from alink_sim.platform.https.timed import TimedConnections, Times, one_line_logger
from alink_sim.platform.platform import Platform
from alink_sim.platform.state.claim import StoreError
from alink_sim.platform.state.event_log import Event
from alink_sim.platform.state.registry import RegistryError

LOOPBACK = "127.0.0.1"

_MAX_BODY = 256 << 20  # Files of an update package, in Base64.

_TIMES = Times(head=20.0, idle=75.0)


class ControlServer:
    """Serves the operations of a platform, in the caller's event loop."""

    def __init__(self, platform: Platform, *, key: str) -> None:
        self._platform = platform
        self._key = f"Bearer {key}".encode()
        self._timed = TimedConnections(_TIMES, _ignore)
        self._runner: web.AppRunner | None = None
        self._listener: asyncio.Server | None = None

    async def start(self) -> int:
        """Listen on loopback; return the port."""
        app = web.Application(client_max_size=_MAX_BODY, middlewares=[self._timed.middleware])
        app.router.add_post("/{operation}", self._respond)
        log = one_line_logger(self._note)
        self._runner = web.AppRunner(app, access_log=None, logger=log)
        await self._runner.setup()
        assert self._runner.server  # noqa: S101 (there since `setup`)
        check_expectations(self._runner.server)
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._connection, LOOPBACK, 0)
        port: int = self._listener.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        """Stop listening."""
        if self._listener:
            self._listener.close()
        if self._runner:
            await self._runner.cleanup()

    def _connection(self) -> asyncio.Protocol:
        assert self._runner  # noqa: S101 (there since `start`)
        assert self._runner.server  # noqa: S101 (likewise)
        return self._timed.made(self._runner.server())

    def _note(self, kind: str, reason: str) -> None:
        event = Event(time=self._platform.clock.time(), kind=kind, reason=f"control: {reason}")
        self._platform.log.add(event)

    async def _respond(self, request: web.Request) -> web.Response:
        shown = request.headers.get("Authorization", "").encode(errors="replace")
        if not hmac.compare_digest(shown, self._key):
            return _error(401, "the key is missing or wrong: it is in the state directory")
        name = request.match_info["operation"]
        if name not in operations.OPERATIONS:
            known = ", ".join(operations.OPERATIONS)
            return _error(404, f"operation {name} does not exist; the operations are: {known}")
        try:
            parameters = bounded_json.loads(await request.read() or b"{}")
            if not isinstance(parameters, dict):
                return _error(400, "the parameters are not a JSON object")
            result = await asyncio.to_thread(operations.call, self._platform, name, parameters)
        except (RegistryError, TypeError, ValueError) as error:
            return _error(400, str(error))
        except web.HTTPException:
            raise
        except StoreError as error:
            return _error(503, str(error))
        except Exception as error:  # noqa: BLE001 (one event, and one sentence for the caller)
            self._note("platform_error", type(error).__name__)
            return _error(500, f"the platform failed ({type(error).__name__})")
        return web.json_response(result)


def _ignore(_reason: str) -> None:
    """Write no event: the holder of the key is an operator."""


def _error(status: int, text: str) -> web.Response:
    return web.json_response({"error": text}, status=status)
