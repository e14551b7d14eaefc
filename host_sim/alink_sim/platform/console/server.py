"""The web console: an HTTP port on loopback, pages for a person, in the platform's event loop."""

from __future__ import annotations

import asyncio
import mimetypes
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web
from multidict import MultiDict

from alink_sim.platform.console import live, security
from alink_sim.platform.console.connection import Connection
from alink_sim.platform.console.errors import MissingError
from alink_sim.platform.console.pages import ROUTES
from alink_sim.platform.console.platform_view import PlatformView
from alink_sim.platform.console.security import Gate, Session
from alink_sim.platform.console.templates import Templates
from alink_sim.platform.console.visit import Visit
from alink_sim.platform.https.expectation import check_expectations
from alink_sim.platform.https.timed import one_line_logger
from alink_sim.platform.state.store import StoreError
from alink_texts import LANGUAGES, best_language
from alink_texts.sentences import sentences

LOOPBACK = "127.0.0.1"

_STATIC = {path.name: path for path in (Path(__file__).parent / "static").iterdir()}
_MAX_BODY = 64 << 20  # Bytes; an update package is the largest thing that is uploaded.
_BODY_SECONDS = 60.0
_THEMES = ("auto", "light", "dark")
_BACKLOG = 64

PageHandler = Callable[[Visit], Awaitable[web.StreamResponse]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ConsoleServer:
    """Serves the console of one platform to whoever has its token."""

    def __init__(self, view: PlatformView, *, token: str | None = None) -> None:
        """`token` opens the console; without one it is made up."""
        self.token = token or secrets.token_urlsafe(24)
        self.port = 0
        self._view = view
        self._gate = Gate(self.token)
        self._templates = Templates()
        self._live = live.Updates(view)
        self._runner: web.AppRunner | None = None
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Return the address that opens the console, token included."""
        return f"http://{LOOPBACK}:{self.port}/?token={self.token}"

    async def listen(self, port: int) -> int:
        """Begin to accept in the running loop, on loopback only; return the port. Raises OSError.

        Port 0 is any free one.
        """
        app = web.Application(client_max_size=_MAX_BODY, middlewares=[self._guard])
        for method, path, handler in ROUTES:
            app.router.add_route(method, path, self._visited(handler))
        app.router.add_get("/live", self._events)
        app.router.add_get("/static/{name}", _static)
        app.router.add_post("/preferences", self._prefer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        manager = self._runner.server
        assert manager  # noqa: S101 (there since `setup`)
        check_expectations(manager)
        log = one_line_logger(self._view.note)
        self._server = await loop.create_server(
            lambda: Connection(manager, loop=loop, logger=log), LOOPBACK, port, backlog=_BACKLOG
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self._live.start()
        return self.port

    async def close(self) -> None:
        """Stop accepting, let begun actions end, and cut every connection."""
        if self._server:
            self._server.close()
        await self._live.close()
        await self._view.settled()
        if self._runner:
            await self._runner.cleanup()

    # What every request meets

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        connection = request.protocol
        assert isinstance(connection, Connection)  # noqa: S101 (`listen` makes no other)
        connection.request_began()
        try:
            response = await self._respond(request, handler)
        except web.HTTPException as error:
            error.text = sentences(_language(request)).translate(error.text or "")
            security.protect(error)
            raise
        finally:
            connection.request_ended()
        return response

    async def _respond(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        security.check_host(request, self.port)
        if request.path.startswith("/static/"):
            response = await handler(request)
        elif (token := request.query.get("token")) is not None and request.method == "GET":
            response = self._log_in(request, token)
        elif (session := self._session(request)) is None:
            response = self._closed(request)
        else:
            if request.method == "POST":
                try:
                    async with asyncio.timeout(_BODY_SECONDS):
                        await security.check_form(request, session)
                except TimeoutError:
                    late = "The form did not arrive in time: send it again."
                    raise web.HTTPRequestTimeout(text=late) from None
            response = await handler(request)
        if not response.prepared:
            security.protect(response)
        return response

    # The door

    @property
    def _cookie(self) -> str:
        # Cookies do not tell ports apart: two platforms on one machine are two consoles.
        return f"alink_console_{self.port}"

    def _session(self, request: web.Request) -> Session | None:
        return self._gate.session_of(request.cookies.get(self._cookie, ""))

    def _log_in(self, request: web.Request, token: str) -> web.Response:
        if not self._gate.opens(token):
            return self._closed(request, wrong=True)
        query = {name: value for name, value in request.query.items() if name != "token"}
        there = request.rel_url.with_query(query)
        response = web.Response(status=303, headers={"Location": str(there)})
        session = self._gate.new_session()
        response.set_cookie(self._cookie, session.id, httponly=True, samesite="Strict", path="/")
        return response

    def _closed(self, request: web.Request, *, wrong: bool = False) -> web.Response:
        text = self._templates.render(
            "closed.html", language=_language(request), theme=_theme(request), wrong=wrong
        )
        return web.Response(text=text, content_type="text/html", status=401)

    # Pages

    def _visited(self, handler: PageHandler) -> Handler:
        async def respond(request: web.Request) -> web.StreamResponse:
            session = self._session(request)
            assert session  # noqa: S101 (`_respond` let nobody else in)
            self._view.journal.catch_up()
            visit = Visit(
                request=request,
                view=self._view,
                templates=self._templates,
                session=session,
                language=_language(request),
                theme=_theme(request),
                form=await request.post() if request.method == "POST" else MultiDict(),
            )
            try:
                return await handler(visit)
            except MissingError as error:
                return visit.page("missing.html", status=404, reason=str(error))
            except StoreError as error:
                return visit.page("failed.html", status=500, reason=str(error))

        return respond

    async def _events(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        security.protect(response)
        return await self._live.stream(request, response)

    async def _prefer(self, request: web.Request) -> web.Response:
        form = await request.post()
        back = str(form.get("back", "/"))
        there = back if back.startswith("/") and not back.startswith("//") else "/"
        response = web.Response(status=303, headers={"Location": there})
        for name, allowed in (("language", LANGUAGES), ("theme", _THEMES)):
            if (value := str(form.get(name, ""))) in allowed:
                response.set_cookie(
                    f"alink_{name}", value, httponly=True, samesite="Strict", max_age=31_536_000
                )
        return response


async def _static(request: web.Request) -> web.Response:
    path = _STATIC.get(request.match_info["name"])
    if path is None:
        raise web.HTTPNotFound
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return web.Response(
        body=path.read_bytes(),
        headers={"Content-Type": kind, "Cache-Control": "private, max-age=300"},
    )


def _language(request: web.Request) -> str:
    chosen = request.cookies.get("alink_language", "")
    return (
        chosen
        if chosen in LANGUAGES
        else best_language(request.headers.get("Accept-Language", ""))
    )


def _theme(request: web.Request) -> str:
    chosen = request.cookies.get("alink_theme", "")
    return chosen if chosen in _THEMES else "auto"
