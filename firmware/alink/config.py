"""Remote config: a file of up to 64 KB that the cloud keeps for a product.

docs/reference/protocol.md, "Remote config, tags, log". The cloud tells where the file is and its
SHA-256; `fetch` brings it, and replaces the old one only if the digest is right.
"""

import hashlib
import json
import os
from binascii import hexlify

from micropython import const

from . import heap
from .errors import ProtocolError

compact = heap.load("envelope", True).compact

_MOST = const(65536)


class Config:
    """The config of one device, in a file. `info` describes the newest one in the cloud."""

    def __init__(self, device, on_config):
        """`on_config(info)` is called when there is a config to `fetch`, asked for or pushed."""
        self.info = {}
        self._device = device
        self._on_config = on_config
        device.subscribe("thing/config/push", self._pushed)

    def ask(self):
        """Request the product's config; log it if the product has none."""
        params = {"configScope": "product", "getType": "file"}
        self._device.request("config/get", params, 0, self._answered)

    def fetch(self, path):
        """Return a generator of the milliseconds to wait, at whose end the file is at `path`.

        The file's server is the cloud's object storage or, with a root of your own, the platform
        that has it. Raises TransportError or ProtocolError, also for a wrong digest; the file that
        was there is then untouched.
        """
        try:
            url, sign, new = self.info["url"], self.info["sign"].lower(), path + ".new"
        except (KeyError, AttributeError, TypeError):
            raise ProtocolError("no remote config to fetch: call ask() first, or wait for a push")
        carrier = getattr(self._device, "gateway", self._device)
        tls = heap.call("https.file_server", "tls_of", carrier)
        digest = hashlib.sha256()
        good = False
        file = open(new, "wb")
        try:

            def take(part):
                digest.update(part)
                file.write(part)

            yield from heap.call("https.request", "get", url, tls, carrier.feed, _MOST, take)
            good = hexlify(digest.digest()).decode() == sign
            if not good:
                raise ProtocolError("config from %s does not have the digest" % url[:60])
        finally:  # Also when the caller abandons this generator.
            file.close()
            if not good:
                os.remove(new)
        os.rename(new, path)

    def _answered(self, code, data, message):
        if code == 200:
            self._tell(data)
        else:
            self._device._log("no remote config: %d %s" % (code, message))

    def _pushed(self, topic, payload):
        body = json.loads(payload)
        answer = {"id": body["id"], "code": 200, "data": {}}
        self._device.publish(topic + b"_reply", compact(answer))
        self._tell(body["params"])

    def _tell(self, info):
        self.info = info
        self._on_config(info)
