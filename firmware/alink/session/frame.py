"""Put the fixed header before the body of a packet. Loaded for one packet. Pure."""


def frame(first, body):
    """Return a packet: its first byte, the length of the body as a varint, the body."""
    size = len(body)
    head = bytes((first,))
    while size > 0x7F:
        head += bytes((size & 0x7F | 0x80,))
        size >>= 7
    return head + bytes((size,)) + body
