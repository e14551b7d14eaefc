"""Decide on the updates that the platform offers, and check them.

docs/how-to/update-over-the-air.md; docs/reference/protocol.md, "OTA".
"""

import json

from ..errors import ProtocolError

_DIGITS = {"md5": 32, "sha256": 64}


def pushed(ota, topic, payload):
    """Take a push, or leave it to the `Ota` of the module it is for."""
    data = json.loads(payload)["data"]
    module = data.get("module", "")
    if module == ota.module or (module == "default" and not ota.module):
        take(ota, data)
    elif ota.others:
        ota.others(topic, payload)
    else:
        ota.device._log("no Ota is registered for module %r" % module)


def take(ota, data):
    """Have the application decide on an offer, and begin."""
    version = data.get("version", "")
    if ota.stage != ota.READY:
        ota.held = data
    elif ota.work and ota.offer:
        if data.get("sign") == ota.offer["sign"]:
            ota.offer = data  # Its address may be a fresh one.
    elif version == ota.version:
        ota.report(version)  # The platform has missed it.
    elif version != ota.installed:
        ota.offer, wish = data, "now"
        if ota.on_offer:
            size, ext = data.get("size", 0), data.get("extData") or {}
            wish = ota.safely(ota.on_offer, version, size, ext)
        if wish == "now":
            ota.start()
        elif wish == "refuse":
            ota.offer = None
            ota.progress(-1, "refused by the application")
        elif wish != "later":
            ota.device._log('on_offer returned %r: not "now", "later" or "refuse"' % wish)


def check(data, plain):
    """Return (size, name of the digest, digest in hex) of an offer that can be taken.

    `plain`: http:// is allowed. Raises ProtocolError that says why it cannot.
    """
    if data.get("isDiff"):
        raise ProtocolError("a differential update is not supported: publish the whole file")
    if data.get("files"):
        raise ProtocolError("an update of several files is not supported: publish one")
    try:
        size, method = int(data["size"]), data["signMethod"].lower()
        sign, url = data["sign"].lower(), data.get("url", "")
    except (KeyError, AttributeError, ValueError, TypeError) as error:
        raise ProtocolError("the offer is incomplete: %r" % error)
    if not isinstance(data.get("version") or None, str):
        raise ProtocolError("the offer has no version")
    if size <= 0:
        raise ProtocolError("the offer has size %d" % size)
    if len(sign) != _DIGITS.get(method, -1):
        raise ProtocolError("sign of %d digits by %s" % (len(sign), method))
    if data.get("dProtocol") == "mqtt":
        if "streamId" not in data or "streamFileId" not in data:
            raise ProtocolError("an offer by MQTT without streamId and streamFileId")
    elif url.startswith("http://"):
        if not plain:
            raise ProtocolError("an http:// address: publish by https, or allow plain=True")
    elif not url.startswith("https://"):
        raise ProtocolError("an offer without an address")
    return size, method, sign
