"""The HTTPS port: dynamic registration, and data up.

docs/reference/protocol.md, "HTTPS". TLS as on the MQTT ports: same certificate, same faults.
"""

from __future__ import annotations

from functools import partial

from aiohttp import web

from alink_sim.platform.access.handshake import PortTls
from alink_sim.platform.core import Core
from alink_sim.platform.https import registration
from alink_sim.platform.https.channel import HttpsChannel
from alink_sim.platform.https.http_server import HttpServer


def https_server(core: Core, *, tls: PortTls) -> HttpServer:
    """Return what serves the paths that devices know."""
    app = web.Application()
    app.router.add_post("/auth/register/device", partial(registration.register, core))
    channel = HttpsChannel(core)
    app.router.add_post("/auth", channel.auth)
    app.router.add_post("/topic/{topic:.*}", channel.topic)
    return HttpServer(core, app, tls=tls, tls_only=True)
