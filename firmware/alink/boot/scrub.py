"""Erase the certificate of a board that has registered, and so its ProductSecret.

docs/explanation/security.md. Loaded once, in the first session after a boot: then the credential
is stored twice and has logged in, and the board needs no more than the credential. A power cut
here comes back with the certificate or without it; the next session goes on. Layout `factory`
only: NVS and the vfs of an untouched table keep old copies.
"""

import esp32
from micropython import const

from ..errors import StoreError
from .copies import certificate_places, credential_places
from .record import decode, generation_of

_CERTIFICATE = const(1)
_CREDENTIAL = const(2)
_SECTOR = const(4096)
_PART = const(512)


def scrub(link):
    """Erase the sectors of the certificate; log the result. Raises nothing.

    `link` is the Session.
    """
    try:
        found = esp32.Partition.find(esp32.Partition.TYPE_DATA, label="fctry")
        if not found:
            raise StoreError("an untouched partition table keeps old copies; use layout factory")
        if _erase(found[0], link.feed):
            link.log("the ProductSecret was removed from this board")
    except (StoreError, OSError, MemoryError) as error:
        link.log("the ProductSecret is still on this board: %s" % error)


def _erase(part, feed):
    blocks = [block for block in range(part.info()[3] // _SECTOR) if not _is_blank(part, block)]
    if blocks:
        _check()
    for block in blocks:
        if feed:
            feed()
        part.ioctl(6, block)
        if not _is_blank(part, block):
            raise StoreError("flash did not erase it")
    return blocks


def _check():
    kept = []
    for place in credential_places():
        record = place.read()
        kept.append(record is not None and bool(generation_of(record, _CREDENTIAL)))
    if not kept[-1] or True not in kept[:-1]:
        raise StoreError("the credential is stored once only")
    record = certificate_places()[0].read()
    whole = record is not None and generation_of(record, _CERTIFICATE)
    if whole and "SubProduct" in decode(record, _CERTIFICATE)[1]:
        raise StoreError("a gateway needs the SubProducts of its certificate")


def _is_blank(part, block):
    buffer = bytearray(_PART)
    for at in range(0, _SECTOR, _PART):
        part.readblocks(block, buffer, at)
        if buffer != b"\xff" * _PART:
            return False
    return True
