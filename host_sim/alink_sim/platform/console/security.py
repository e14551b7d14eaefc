"""Access to the console: the printed token, a browser's session, a form's CSRF token.

The token comes once, in the address that `alink-sim platform` prints. It becomes a cookie that no
script reads and no other site sends, and leaves the address. A session may do
everything, so a request that changes something carries the session's CSRF token too.
"""

from __future__ import annotations

import hmac
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field

from aiohttp import web

_MAX_SESSIONS = 200
_CSRF_FIELD = "csrf"
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class Notice:
    """A sentence that the next page shows once."""

    text: str
    is_error: bool = False


@dataclass(eq=False)
class Session:
    """One browser that has shown the token."""

    id: str = field(repr=False, default_factory=lambda: secrets.token_urlsafe(32))
    csrf: str = field(repr=False, default_factory=lambda: secrets.token_urlsafe(32))
    notices: list[Notice] = field(default_factory=list)

    def take_notices(self) -> list[Notice]:
        """Return what the next page has to say, once."""
        taken, self.notices = self.notices, []
        return taken


class Gate:
    """The token of one console, and the sessions that it has opened."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._sessions: OrderedDict[str, Session] = OrderedDict()

    def opens(self, token: str) -> bool:
        """Tell whether this is the token."""
        return hmac.compare_digest(token.encode(), self._token.encode())

    def new_session(self) -> Session:
        """Return a new session; the one that was unused for longest gives way."""
        session = Session()
        self._sessions[session.id] = session
        if len(self._sessions) > _MAX_SESSIONS:
            self._sessions.popitem(last=False)
        return session

    def session_of(self, cookie: str) -> Session | None:
        """Return the session that a cookie names, None for an unknown one."""
        session = self._sessions.get(cookie)
        if session:
            self._sessions.move_to_end(cookie)
        return session


async def check_form(request: web.Request, session: Session) -> None:
    """Return if a request that changes something is this session's own. Raises HTTPForbidden."""
    origin = request.headers.get("Origin")
    if origin is not None and origin != f"http://{request.host}":
        raise web.HTTPForbidden(text="This form is of another site.")
    given = (await request.post()).get(_CSRF_FIELD, "")
    if not isinstance(given, str) or not hmac.compare_digest(given, session.csrf):
        raise web.HTTPForbidden(text="This form is too old: reload the page and send it again.")


def check_host(request: web.Request, port: int) -> None:
    """Return if the browser asked for this machine. Raises HTTPMisdirectedRequest.

    A name of another site that resolves to 127.0.0.1 would make that site's scripts our own.
    """
    if request.host not in {f"127.0.0.1:{port}", f"localhost:{port}", f"[::1]:{port}"}:
        raise web.HTTPMisdirectedRequest(text="Open the address that alink-sim printed.")


def protect(response: web.StreamResponse) -> None:
    """Add the headers that confine a page to this console."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
