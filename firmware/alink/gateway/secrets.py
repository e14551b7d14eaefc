"""The DeviceSecrets in the reply to a registration of sub-devices, kept on flash.

docs/reference/protocol.md, "Sub-devices". Loaded for one reply.
"""

from ..gateway import roster


def keep(gateway, subs, data, now):
    """Keep the secrets that came for [(slot, sub-device), ...]; return 200.

    A sub-device whose secret did not come is requested alone, because the platform gives the
    reason only for one. If one that was alone has no secret, return the code of its failure, or 0
    without a code.
    """
    book = gateway.roster
    secrets = _secrets(data)
    kept = {}
    for slot, sub in subs:
        if sub[:2] in secrets:
            kept[slot] = sub[0], sub[1], secrets[sub[:2]]
        elif len(subs) > 1:
            book.alone(slot)
    saved = kept and gateway.save(kept)
    for slot in kept:
        if saved:
            book.move(slot, roster.REGISTERED, now)
        else:
            book.refuse(slot, now)
    return 200 if kept or len(subs) > 1 else _failure(data)


def _secrets(data):
    # Returns {(ProductKey, DeviceName): DeviceSecret} of either registration.
    found = {}
    try:
        for one in data if isinstance(data, list) else data["successes"]:
            name = one["productKey"].encode(), one["deviceName"].encode()
            found[name] = one["deviceSecret"].encode()
    except (KeyError, TypeError, AttributeError):
        pass  # A sub-device without a secret is requested alone.
    return found


def _failure(data):
    # Returns the code of the only one that a signed registration failed for, 0 if it has none.
    try:
        return int(data["failures"][0]["code"])
    except (KeyError, TypeError, IndexError, ValueError):
        return 0
