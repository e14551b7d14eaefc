"""One update, from the offer to the file in its place: fetched, checked, and only then counted.

docs/how-to/update-over-the-air.md. Loaded while an update is under way. Each received part is
written at once.
"""

import gc
import hashlib
from binascii import hexlify

from micropython import const

from .. import heap
from ..errors import ProtocolError, StoreError

_FEWEST = const(10)  # Percent between two reports.
_SLICE_MS = const(50)
_ACK_MS = const(5000)


def run(ota):
    """Yield the milliseconds to wait; report a failure to the platform and log it."""
    log, version = ota.device._log, ota.offer.get("version", "")
    step, target = -1, ota.target
    try:
        size, method, sign = heap.call("ota.offer", "check", ota.offer, ota.plain)
        if target is None:
            target = heap.call("ota.slot", "Slot")
        target.begin(size)
        step = -2
        log("update to %s: %d bytes" % (version, size))
        gc.collect()
        way = "ota.over_mqtt" if ota.offer.get("dProtocol") == "mqtt" else "ota.over_https"
        fetched = Fetched(ota, size, getattr(hashlib, method)(), target)
        yield from heap.call(way, "fetch", ota, fetched)
        step = -3
        found = hexlify(fetched.digest.digest()).decode()
        if found != sign:
            raise ProtocolError("the %s of the file is %s, not %s" % (method, found, sign))
        step = -4
        target.finish()
    except Exception as error:
        # A target of the application's own may raise anything.
        ota.offer = None
        log("update to %s failed: %s" % (version, error))
        ota.progress(-4 if isinstance(error, StoreError) else step, str(error))
        if target:
            target.abandon()
        return
    fetched = target = None
    gc.collect()
    ota.installed = version
    try:
        heap.call("ota.trial", "remember", ota, version)
    except Exception as error:
        # The platform will not learn of a failed trial; the trial begins all the same.
        log(str(error))
    log("update to %s is installed" % version)
    ota.offer = None
    done = []
    ota.progress(100, "", done.append)
    waited = 0
    while not done and waited < _ACK_MS:
        yield _SLICE_MS
        waited += _SLICE_MS
    if ota.on_ready:
        ota.safely(ota.on_ready, version)
    elif ota.target is None:
        ota.carrier.close()
        ota.reset()


class Fetched:
    """The bytes of a file on their way to a target; `have` counts them."""

    def __init__(self, ota, size, digest, target):
        self.size, self.digest = size, digest
        self.have = 0
        self._ota, self._target = ota, target
        self._told = 0

    def take(self, part):
        """Take the next bytes, a memoryview. Raises StoreError."""
        self.digest.update(part)
        try:
            self._target.write(self.have, part)
        except MemoryError as error:
            raise StoreError(str(error))  # An unknown part of it is written: no second try.
        self.have += len(part)
        percent = self.have * 100 // self.size
        if percent - self._told >= _FEWEST and self.have < self.size:
            self._told = percent
            self._ota.progress(percent)
