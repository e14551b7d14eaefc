"""The sentences about calls that cannot work. Loaded when one is made, to raise it.

The check itself is one condition in the call: no program pays for the sentence before its mistake.
"""

from alink.errors import TransportError
from alink.topics import shown


def check_message(topic, payload, qos, on_done):
    """Raise the sentence about a message that the platform does not take, or is not online.

    Returns for a topic that came from the platform, however long.
    """
    if not isinstance(payload, (bytes, bytearray, memoryview)):
        raise TypeError("a payload is bytes or text, not %r; json.dumps() makes text" % (payload,))
    if b"+" in topic or b"#" in topic:
        raise ValueError("%s has a wildcard; only subscribe() takes + and #" % shown(topic))
    if not topic.startswith(b"/"):
        raise ValueError(
            "a topic of bytes is sent as it is, and %s has no slash in front; write it as text"
            % shown(topic)
        )
    if len(topic) > 128 and not topic.startswith(b"/ext/rrpc/"):
        raise ValueError("%s has %d bytes; the limit is 128" % (shown(topic), len(topic)))
    if len(payload) > 262144:
        raise ValueError("the payload has %d bytes; the limit is 262144" % len(payload))
    if qos not in (0, 1):
        raise ValueError("qos is %r; the platform takes 0 and 1" % (qos,))
    if on_done and not callable(on_done):
        raise TypeError("on_done is %r; allowed is a function" % (on_done,))
    if len(topic) <= 128:
        raise TransportError("not online; call connect() first")


def refuse_publish(online):
    """Raise TransportError for a message that cannot be sent now."""
    if not online:
        raise TransportError("not online; the message was not sent")
    raise TransportError("100 messages wait for their acknowledgment; poll first, then send")


def refuse_update(version, target):
    """Raise TypeError for the version or the target of an `Ota`."""
    if not isinstance(version, str):
        raise TypeError('version is %r; allowed is text such as "1.0.0"' % (version,))
    raise TypeError("target is %r; pass a File, or an object with begin()" % (target,))
