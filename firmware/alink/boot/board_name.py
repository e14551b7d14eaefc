"""The DeviceName of a board whose certificate leaves it to the board. Loaded for one call.

docs/explanation/identity.md: `{mac}` is the board's MAC as 12 digits, `{mac:6}` its last 6,
`{uid}` the chip's unique id, which is the MAC on an ESP32. A whole line can have one image.
"""

from binascii import hexlify

from machine import unique_id

from ..errors import StoreError


def whole(name):
    """Return `name`, bytes, with this board's digits for its braces. Raises StoreError if they
    hold something else than mac or uid.
    """
    made, *rest = name.split(b"{")
    digits = hexlify(unique_id())
    for part in rest:
        inside, *after = part.split(b"}")
        what, *count = inside.split(b":")
        number = count[0] if count else b"12"
        if (
            what not in (b"mac", b"uid")
            or len(count) > 1
            or len(after) != 1
            or not number.isdigit()
            or not 1 <= int(number) <= 12
        ):
            raise StoreError(
                "DeviceName is %s; in braces a board knows {mac}, {mac:1} to {mac:12} or {uid}"
                % name.decode()
            )
        made += digits[-int(number) :] + after[0]
    return made
