"""SUBSCRIBE and UNSUBSCRIBE, several topic filters in one packet. Unloaded after each.

umqtt.simple's own take one filter, and break past 122 bytes.
"""

import struct

from .stream import frame


def packet(first, packet_id, filters, options):
    """Return the packet that begins with `first`; `options` follow each filter, all bytes."""
    body = bytearray(struct.pack(">H", packet_id))
    for topic in filters:
        body += struct.pack(">H", len(topic))
        body += topic
        body += options
    return frame(first, body)
