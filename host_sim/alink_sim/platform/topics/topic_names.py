"""Which topics are a device's own (docs/reference/protocol.md, "Login")."""

from __future__ import annotations

# Where ProductKey and DeviceName stand in "/sys/PK/DN/...", "/shadow/get/PK/DN" and so on; in a
# custom topic, "/PK/DN/...", they come first.
_AT = {"sys": 2, "shadow": 3, "ota": 4, "ext": 3}


def is_own(topic: str, *, product_key: str, device_name: str) -> bool:
    """Tell whether a topic or filter names this device and reaches no other."""
    levels = topic.split("/")
    if len(levels) < 4 or levels[0]:
        return False
    if levels[1] == "broadcast":
        return levels[2] == product_key
    if levels[1:3] == ["ext", "rrpc"]:
        inner = _inner(levels)
        return bool(inner) and is_own(inner, product_key=product_key, device_name=device_name)
    return _names(levels) == (product_key, device_name)


def whole(topic: str, *, product_key: str, device_name: str) -> str:
    """Return a device's topic that may be short, "user/..." or "thing/...", from its slash on."""
    if topic.startswith("/"):
        return topic
    system = "" if topic.startswith("user/") else "/sys"
    return f"{system}/{product_key}/{device_name}/{topic}"


def names(topic: str) -> tuple[str, str]:
    """Return the ProductKey and DeviceName that a topic names; both are "" where it has none."""
    levels = topic.split("/")
    if len(levels) < 4 or levels[0]:
        return "", ""
    if levels[1:3] == ["ext", "rrpc"]:
        return names(_inner(levels))
    return _names(levels)


def _inner(levels: list[str]) -> str:
    """Return the topic in /ext/rrpc/{message id}{topic}; "" if that is an /ext/rrpc/ topic."""
    return "" if levels[4:6] == ["ext", "rrpc"] else "/" + "/".join(levels[4:])


def _names(levels: list[str]) -> tuple[str, str]:
    at = _AT.get(levels[1], 1)
    product_key, device_name = (*levels[at : at + 2], "", "")[:2]
    return product_key, device_name
