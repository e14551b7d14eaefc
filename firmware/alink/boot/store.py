"""Keep a credential: two places, each read back, so that no power cut loses it.

docs/explanation/identity.md, "Copies". Reading is `identity`'s part: this one is loaded while a
registration connection is open, when heap is scarcest.
"""

from .. import heap
from ..errors import StoreError, TransportError

copies = heap.load("boot.copies")
records = heap.load("boot.record")


def keep(boot, made, connection):
    """Store the credential of a registration, add it to the fields of a `Boot`, and end the
    registration: over its connection, if it has one. Raises StoreError.
    """
    boot.log("credential stored in %s" % save(made, boot.log))
    boot.fields.update(made)  # Now: after any later failure, a second registration is wrong.
    if connection:
        try:
            connection.send(b"\xe0\x00")
        except TransportError:
            pass  # The platform learns it from the closed socket.
    if boot.fields.get("Method") == b"regnwl":
        copies.set_tries(0)


def save(fields, log):
    """Keep a credential: the second place first, then NVS; return the names of both.

    Of two sectors the one that does not hold the newest credential is written. Raises StoreError
    when no place took it.
    """
    places = copies.cred()
    newest, generation = None, 0
    for place in places:
        found = _generation(place)
        if found > generation:
            generation = found
            newest = place
    spare = places[0] if places[0] is not newest else places[1]
    if not spare.writable or spare.name == "nvs":
        spare = places[0]  # A file: replaced by rename.
    record = records.encode(records.CREDENTIAL, generation + 1, fields)
    kept = copies.same(record, (spare, places[-1]), log)
    if not kept:
        raise StoreError("could not store the credential anywhere; replace this board")
    return " and ".join(kept)


def forget():
    """Erase the credential in every place; the board will register again."""
    for place in copies.cred():
        place.erase()


def _generation(place):
    try:
        return records.generation_of(place.read() or b"", records.CREDENTIAL) or 0
    except StoreError:
        return 0
