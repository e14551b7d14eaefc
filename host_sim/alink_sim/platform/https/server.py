"""The HTTPS port: dynamic registration, bootstrap, and data up.

docs/reference/protocol.md, "HTTPS". TLS as on the MQTT ports: same certificate, same faults.
"""

from __future__ import annotations

from functools import partial

from aiohttp import web

from alink_sim.platform.access.handshake import PortTls
from alink_sim.platform.core import Core
from alink_sim.platform.https import registration
from alink_sim.platform.https.bootstrap import PATH, Bootstrap
from alink_sim.platform.https.channel import HttpsChannel
from alink_sim.platform.https.http_server import HttpServer


def https_server(core: Core, *, tls: PortTls, mqtt_port: int) -> HttpServer:
    """Return what serves the paths that devices know; `mqtt_port` is that of MQTT over TLS."""
    app = web.Application()
    app.router.add_post("/auth/register/device", partial(registration.register, core))
    bootstrap = Bootstrap(core, mqtt_port=mqtt_port)
    app.router.add_post(PATH, bootstrap.of_device)
    app.router.add_get(f"{PATH}/regionId/{{region}}", bootstrap.of_region)
    channel = HttpsChannel(core)
    app.router.add_post("/auth", channel.auth)
    app.router.add_post("/topic/{topic:.*}", channel.topic)
    return HttpServer(core, app, tls=tls, tls_only=True)
