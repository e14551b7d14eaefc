"""SUBSCRIBE and UNSUBSCRIBE of several filters. Loaded for one packet.

umqtt.simple's own SUBSCRIBE takes one filter, and breaks past 122 bytes.
docs/reference/protocol.md, "MQTT profile".
"""

import struct

from .frame import frame


def packet(first, free_id, filters, options):
    """Return the packet that begins with `first`; `options` follow each filter, all bytes.

    `free_id()` returns its packet id.
    """
    body = bytearray(struct.pack(">H", free_id()))
    for topic in filters:
        body += struct.pack(">H", len(topic))
        body += topic
        body += options
    return frame(first, body)
