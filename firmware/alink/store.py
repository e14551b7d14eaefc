"""Identity in flash: which copy of certificate and credential counts, and how both are kept.

docs/identity.md, "Places". Partition table of our own
("factory"): certificate in `fctry`, credential in two sectors of `cred` and in NVS. Untouched
table ("stock"): both in NVS and in a file. Where a stock image was flashed over a factory board,
the old ranges are still read, raw, and never written.
"""

from micropython import const

from .certificate import belongs, check_certificate, check_credential
from .errors import StoreError
from .places import SECTOR, File, Nvs, Raw, Sector, partition
from .record import CERTIFICATE, CREDENTIAL, decode, encode

_FCTRY = const(0x1FB000)  # As in boards/*/partitions.csv; a test compares them.
_CRED = const(0x1FE000)


class Store:
    """The identity of this board. `log` is told of copies that were damaged or repaired."""

    def __init__(self, log):
        self._log = log
        fctry = partition("fctry")
        cred = partition("cred")
        if fctry and cred:
            self._certificates = (Sector("fctry", fctry, 0),)
            self._sectors = (Sector("cred", cred, 0), Sector("cred", cred, 1))
            self._credentials = self._sectors + (Nvs("cred"),)
        else:
            self._certificates = (Nvs("cert"), File("/alink.cert"), Raw(_FCTRY))
            self._sectors = (File("/alink.cred"),)
            self._credentials = self._sectors + (
                Nvs("cred"),
                Raw(_CRED),
                Raw(_CRED + SECTOR),
            )

    def certificate(self):
        """Return (fields, place) of the burned certificate.

        A copy that is missing in a writable place is made. Raises StoreError naming the field
        that is wrong, or saying that nothing is burned.
        """
        problem = None
        for place in self._certificates:
            try:
                record = place.read()
                if record is not None:
                    fields = decode(record, CERTIFICATE)[1]
                    check_certificate(fields)
                    self._copy(record, self._certificates)
                    return fields, place.name
            except StoreError as error:
                problem = StoreError("the certificate in %s is unusable: %s" % (place.name, error))
                self._log(str(problem))
        raise problem or StoreError(
            "ProductKey, ProductSecret and DeviceName are missing: nothing is burned on this "
            "board; burn its certificate first"
        )

    def credential(self, certificate):
        """Return the newest valid credential of `certificate` (of any, if None), or None.

        The other place is repaired once; a failed repair is logged, never fatal.
        """
        newest = kept = None
        generation = 0
        for _, record, found, fields in self._found(self._log):
            if found > generation and (certificate is None or belongs(fields, certificate)):
                newest, generation, kept = record, found, fields
        if newest is None:
            return None
        copies = [place.read() == newest for place in self._sectors]
        if True not in copies:
            self._copy(newest, (self._spare(),))
        self._copy(newest, (Nvs("cred"),))
        return kept

    def save(self, fields):
        """Keep a credential: the second place first, then NVS, each read back.

        Returns the names of the places that hold it. Raises StoreError when none does.
        """
        generation = 1
        for _, _, found, _ in self._found(None):
            generation = max(generation, found + 1)
        record = encode(CREDENTIAL, generation, fields)
        kept = self._copy(record, (self._spare(), Nvs("cred")))
        if not kept:
            raise StoreError("flash took the credential in no place; replace this board")
        return " and ".join(kept)

    def forget(self):
        """Erase the credential in every writable place; the board will register again."""
        for place in self._credentials:
            place.erase()

    def _found(self, log):
        for place in self._credentials:
            try:
                record = place.read()
                if record is not None:
                    generation, fields = decode(record, CREDENTIAL)
                    check_credential(fields)
                    yield place, record, generation, fields
            except StoreError as error:
                if log:
                    log("the credential in %s is unusable: %s" % (place.name, error))

    def _spare(self):
        # The sector that does not hold the newest credential.
        best, newest = 0, None
        for place, _, generation, _ in self._found(None):
            if place in self._sectors and generation > best:
                best, newest = generation, place
        for place in self._sectors:
            if place is not newest:
                return place
        return self._sectors[0]

    def _copy(self, record, places):
        kept = []
        for place in places:
            try:
                if place.read() != record:
                    place.write(record)
                    if place.read() != record:
                        raise StoreError("it reads back differently")
                kept.append(place.name)
            except StoreError as error:
                if place.writable:
                    self._log("%s does not take the record: %s" % (place.name, error))
        return kept
