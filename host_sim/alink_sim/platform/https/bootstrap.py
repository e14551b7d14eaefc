"""The region and the MQTT host of a device, from its names only.

docs/reference/protocol.md, "HTTPS", "Bootstrap".
"""

from __future__ import annotations

from aiohttp import web

from alink_sim.platform.core import Core
from alink_sim.platform.https import forms
from alink_sim.platform.state.instances import PLACES, instance_of
from alink_sim.platform.state.refusal import Code, RefusedError

PATH = "/auth/bootstrap"
_VENDOR = ".aliyuncs.com"
_NOT_FOUND = 404
_MESSAGES = {
    Code.PARAMETER: "request parameter error",
    Code.NO_DEVICE: "device not found",
    Code.NO_PRODUCT: "product not found",
}


class Bootstrap:
    """The two requests; `mqtt_port` is the port of MQTT over TLS."""

    def __init__(self, core: Core, *, mqtt_port: int) -> None:
        self._core = core
        self._mqtt_port = mqtt_port

    async def of_device(self, request: web.Request) -> web.Response:
        """Return the MQTT host of the instance of a device."""
        core = self._core
        try:
            fields = await forms.fields(request)
            for name in ("productKey", "deviceName"):
                if not fields.get(name):
                    raise forms.malformed(f"{name} is missing")
            product = core.registry.product_of(fields["productKey"])
            device = core.registry.devices.get((product.key, fields["deviceName"]))
            if device is None:
                raise RefusedError(Code.NO_DEVICE, "there is no device with this DeviceName")
        except RefusedError as refusal:
            code = refusal.code or Code.PARAMETER
            core.note("bootstrap_refused", code=code, reason=refusal.reason)
            return forms.response(code, {"message": _MESSAGES[code]})
        instance = instance_of(product, strict=True)
        assert instance  # noqa: S101 (a strict one always is)
        host = self._reachable(request, instance.mqtt_host(product.key))
        core.note_about("bootstrapped", device, host=host, port=self._mqtt_port)
        return self._response(host)

    async def of_region(self, request: web.Request) -> web.Response:
        """Return the MQTT host of the public instance of a region."""
        region = request.match_info["region"]
        if region not in PLACES:
            return web.Response(status=_NOT_FOUND)
        return self._response(self._reachable(request, f"public.iot-as-mqtt.{region}{_VENDOR}"))

    def _reachable(self, request: web.Request, host: str) -> str:
        """Return the vendor's host, or the one that was dialed if that is not the vendor's."""
        dialed = request.url.host or host
        return host if dialed.endswith(_VENDOR) else dialed

    def _response(self, host: str) -> web.Response:
        mqtt = {"host": host, "port": self._mqtt_port}
        return forms.response(200, {"data": {"resources": {"mqtt": mqtt}}, "message": "success"})
