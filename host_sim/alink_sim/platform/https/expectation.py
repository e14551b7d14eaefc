"""The `Expect` header: 100-continue is met, anything else is refused with 417.

aiohttp refuses it too, but repeats its words, and fails with 500 where those are not UTF-8.
"""

from __future__ import annotations

from aiohttp import web


def check_expectations(server: web.Server) -> None:
    """Make a server refuse requests with another expectation; call it before the first one."""
    handle = server.request_handler

    async def check(request: web.BaseRequest) -> web.StreamResponse:
        if request.headers.get("Expect", "").lower() in ("", "100-continue"):
            return await handle(request)
        refusal = web.Response(status=417)
        refusal.force_close()
        return refusal

    server.request_handler = check
