"""How much a device may send, hear and ask for: a message or filter in, an objection out.

docs/reference/protocol.md, "MQTT profile". The numbers are settings; rates hold where the setting
`rates` says "documented", on the platform's clock.
"""

from __future__ import annotations

from alink_sim.platform.access.auth import Credentials
from alink_sim.platform.core import Core
from alink_sim.platform.state.sessions import Session

# Topics of a fixed form; those of an application have a limit of depth too.
_FIXED = ("/sys/", "/ext/", "/shadow/", "/ota/")


def topic_objection(core: Core, topic: str) -> str:
    """Return why a topic or filter is too long or too deep, "" where it is neither."""
    settings = core.settings
    size = len(topic.encode())
    if size > settings.max_topic and not topic.startswith("/ext/rrpc/"):
        return f"a topic of {size} bytes; up to {settings.max_topic} go"
    if topic.count("/") > settings.max_slashes and not topic.startswith(_FIXED):
        return f"a topic of {topic.count('/')} slashes; up to {settings.max_slashes} go"
    return ""


def throttled(core: Core, session: Session, topic: str, *, qos: int, size: int) -> str:
    """Return which rate a message up goes over, "" for none; what is let through counts."""
    settings = core.settings
    if qos:
        name, limit = "at QoS 1", settings.qos1_a_second
    else:
        name, limit = "at QoS 0", settings.qos0_a_second
    if not _allow(core, session, name, limit):
        return f"more than {limit} messages {name} in a second"
    limit = settings.up_bytes_a_second
    if not _allow(core, session, "bytes", limit, size=size):
        return f"more than {limit} bytes in a second"
    limit = settings.shadow_a_second
    is_shadow = topic.startswith("/shadow/update/")
    if is_shadow and not _allow(core, session, "shadow", limit):
        return f"more than {limit} requests of the shadow in a second"
    return ""


def throttled_down(core: Core, session: Session) -> str:
    """Return which rate one more message down goes over, "" for none."""
    limit = core.settings.down_a_second
    if _allow(core, session, "down", limit):
        return ""
    return f"more than {limit} messages down in a second"


def throttled_connect(core: Core, credentials: Credentials) -> str:
    """Return which rate one more CONNECT of this device goes over, "" for none."""
    limit = core.settings.connects_a_minute
    if _allow(core, credentials, "connects", limit, seconds=60):
        return ""
    return f"more than {limit} connects in a minute"


def _allow(
    core: Core,
    who: Session | Credentials,
    name: str,
    limit: int,
    *,
    seconds: float = 1,
    size: int = 1,
) -> bool:
    if core.settings.rates == "off":
        return True
    return core.rates.allow(
        (name, who.product_key, who.device_name),
        limit=limit,
        seconds=seconds,
        now=core.clock.monotonic(),
        size=size,
    )
