"""How sub-devices come to a gateway: from flash at boot, by name afterwards.

docs/how-to/gateway.md. Loaded for that moment.
"""

from time import ticks_ms

from ..gateway.roster import EMPTY, NAMED, RELATED, mark_of


def load(gateway, burned):
    """Load the burned secrets of products, and the sub-devices on flash."""
    for value in burned:
        end = 1 + value[0]
        if len(value) > end:
            gateway.products[value[1:end]] = value[end:]
    now = ticks_ms()
    for slot, sub in gateway.open().read():
        gateway.roster.put(mark_of(sub[0], sub[1]), RELATED if sub[2] else NAMED, now, slot)


def keep(gateway):
    """Store the new names of a gateway on flash, and have the sub-devices brought online."""
    new, gateway._new = gateway._new, []  # Not before this module found heap.
    now = ticks_ms()
    changes = {}
    for key, name in new:
        slot = gateway.roster.put(mark_of(key, name), NAMED, now)
        gateway.roster.want(slot, now)
        changes[slot] = key, name, b""
    if not gateway.save(changes):
        for slot, sub in changes.items():
            gateway.roster.leave(slot, now, EMPTY)
            gateway.tell(sub, "refused", 0)


def checked(product_key, device_name):
    """Return both names as bytes. Raises ValueError naming the one that is wrong."""
    sub = product_key.encode(), device_name.encode()
    for name, (what, least, most) in zip(sub, (("ProductKey", 1, 20), ("DeviceName", 4, 32))):
        fits = least <= len(name) <= most
        for letter in name:  # As numbers: a letter would be one more permanent name.
            fits = fits and (48 <= letter <= 57 or 65 <= letter & 0xDF <= 90 or letter in b"-_@.:")
        if not fits:
            raise ValueError(
                "%s %r: %d..%d letters, digits and -_@.: are allowed"
                % (what, name.decode(), least, most)
            )
    return sub
