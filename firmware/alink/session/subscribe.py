"""SUBSCRIBE of several filters. Loaded for one packet.

umqtt.simple's own SUBSCRIBE takes one filter, and breaks past 122 bytes.
docs/reference/protocol.md, "MQTT profile".
"""

import struct

from .frame import frame


def packet(free_id, filters):
    """Return the packet for topic filters (bytes) at QoS 1. `free_id()` returns its packet id."""
    body = bytearray(struct.pack(">H", free_id()))
    for topic in filters:
        body += struct.pack(">H", len(topic))
        body += topic
        body += b"\x01"
    return frame(0x82, body)
