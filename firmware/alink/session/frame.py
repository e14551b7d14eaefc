"""The fixed header of MQTT packets, and SUBSCRIBE. Loaded for one packet. Pure.

docs/reference/protocol.md, "MQTT profile".
"""

import struct


def frame(first, body):
    """Return a packet: its first byte, the length of the body as a varint, the body."""
    size = len(body)
    head = bytes((first,))
    while size > 0x7F:
        head += bytes((size & 0x7F | 0x80,))
        size >>= 7
    return head + bytes((size,)) + body


def subscribe(free_id, filters):
    """Return SUBSCRIBE for topic filters (bytes) at QoS 1. `free_id()` returns its packet id."""
    body = bytearray(struct.pack(">H", free_id()))
    for topic in filters:
        body += struct.pack(">H", len(topic))
        body += topic
        body += b"\x01"
    return frame(0x82, body)
