"""The topics of a device, as bytes (docs/reference/protocol.md, "Login", "TSL"). Pure."""


def whole(name, product_key, device_name):
    """Return a topic or filter as bytes; what begins without a slash is the device's own."""
    if isinstance(name, bytes):
        return name  # Whole already: what is the device's own is given as text.
    if name.startswith("/"):
        return name.encode()
    system = "" if name.startswith("user/") else "/sys"
    return ("%s/%s/%s/%s" % (system, product_key, device_name, name)).encode()


def shown(topic):
    """Return a topic as text for a log line, also one that is not UTF-8."""
    try:
        return topic.decode()
    except UnicodeError:
        return repr(topic)


def find(routes, topic):
    """Return what takes a topic: a route of the very name, else of a filter, else None."""
    if topic in routes:
        return routes[topic]
    for name in routes:
        if (b"+" in name or b"#" in name) and matches(name, topic):
            return routes[name]
    return None


def matches(name, topic):
    """Tell whether a filter with + and # takes a topic (MQTT 3.1.1, 4.7)."""
    levels = topic.split(b"/")
    wanted = name.split(b"/")
    for at, level in enumerate(wanted):
        if level == b"#":
            return True
        if at >= len(levels) or level not in (b"+", levels[at]):
            return False
    return len(levels) == len(wanted)
