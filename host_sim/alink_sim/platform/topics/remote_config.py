"""A product's remote config: where its file is, and the digest of it.

docs/reference/protocol.md, "Remote config, tags, log".
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from alink_sim.platform.core import Core
from alink_sim.platform.state.entities import Product
from alink_sim.platform.state.ota_entities import Content
from alink_sim.platform.state.ota_registry import content_key
from alink_sim.platform.state.sessions import CONFIG, Session
from alink_sim.platform.topics import downlink
from alink_sim.platform.topics.envelope import Request, Result
from alink_sim.platform.topics.thing import MALFORMED

_MAX = 64 * 1024
_OFF = Result(code=6713, message="remote config is not available for the product")
_NONE = Result(code=6710, message="there is no remote config")


class ConfigError(ValueError):
    """A config cannot be kept; the text says why."""


def get(core: Core, session: Session, request: Request) -> Result:
    """Return where the product's config is; 6713 if it never had one, 6710 if it has no more."""
    wanted = request.params
    if not isinstance(wanted, dict) or wanted.get("configScope") != "product":
        return MALFORMED
    document = core.registry.product(session.product_key).documents.get("config")
    if document is None:
        return _OFF
    if not document:
        return _NONE
    session.offered = CONFIG
    return Result(data=_told(core, document))


def forget(core: Core, product: Product) -> None:
    """Take a product's config back."""
    if content := core.upgrades.contents.get(content_key(product.key)):
        core.upgrades.remove(content)
    core.registry.keep(product, "config", {})


def put(core: Core, product: Product, content: bytes, *, url: str = "") -> int:
    """Keep a product's config and tell every device that is online; return how many.

    The devices fetch it from `url`; without one the platform serves it, like the files of update
    packages. Raises ConfigError for more than 64 KB.
    """
    if len(content) > _MAX:
        raise ConfigError(f"a config has at most {_MAX} bytes, this one {len(content)}")
    document: dict[str, Any] = {
        "configId": secrets.token_hex(8),
        "configSize": len(content),
        "sign": hashlib.sha256(content).hexdigest(),
        "signMethod": "Sha256",
        "url": url,
        "getType": "file",
    }
    if not url:
        key = content_key(product.key)
        core.upgrades.keep(Content(key, content))
        document["key"] = key
    core.registry.keep(product, "config", document)
    told = _told(core, document)
    sessions = core.sessions.of_product(product.key)
    for session in sessions:
        session.offered = CONFIG
    online = {one.device_name: one.device for one in sessions}
    return sum(downlink.ask(core, one, "config/push", told)[1] for one in online.values())


def _told(core: Core, document: dict[str, Any]) -> dict[str, Any]:
    """Return a config as a device gets it: a file of the platform has a fresh URL."""
    told = dict(document)
    if key := told.pop("key", ""):
        until = int(core.clock.time() + core.settings.ota_url_seconds)
        told["url"] = core.bucket.url(key, "", until=until)
    return told
