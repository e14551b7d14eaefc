"""Judge an update after a restart: it succeeded only if its version runs.

docs/explanation/updates.md, "When an update does not stay". Loaded for the moment; the
version that was put in place is kept in NVS, by device and module.
"""

from binascii import crc32

from .. import heap
from ..errors import StoreError

copies = heap.load("boot.copies")


def judge(ota):
    """Judge the last update once the running version is reported; report a failure."""
    note, tried = _note(ota), ""
    if not ota.installed:
        try:
            tried = bytes(note.read() or b"").decode()
        except StoreError as error:
            ota.device._log(str(error))
    held, ota.held = ota.held, None
    if tried and tried != ota.version:
        text = "%s was installed, but %s runs" % (tried, ota.version)
        ota.device._log("update failed: " + text)

        def heard(acknowledged):
            if acknowledged:
                note.erase()
                # Judged again, without a note: an offer that came before this PUBACK is taken.
                ota.judge_soon()

        ota.stage = ota.TELL_FAILURE
        ota.progress(-1, text, heard)
        return
    if tried:
        ota.device._log("update to %s succeeded" % tried)
        note.erase()
    ota.stage = ota.READY
    if held and held.get("version") != ota.version:  # Else it has crossed the report.
        heap.call("ota.offer", "take", ota, held)


def remember(ota, version):
    """Keep the version that was put in place. Raises StoreError."""
    _note(ota).write(version.encode())


def _note(ota):
    return copies.Nvs("ota%08x" % crc32(ota.device.topic("user/" + ota.module)))
