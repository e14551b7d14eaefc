"""The topics of a device, as bytes (docs/protocol.md, section "TSL"). Pure."""

PROPERTY_POST = b"event/property/post"
REGISTER_ANSWERS = (b"/ext/register", b"/ext/regnwl")


def thing(product_key, device_name, what):
    """Return the topic of `what` (PROPERTY_POST, ...) of a device's thing model."""
    return b"/sys/%s/%s/thing/%s" % (product_key, device_name, what)


def reply(topic):
    """Return the topic on which the other side answers a message on `topic`."""
    return topic + b"_reply"
