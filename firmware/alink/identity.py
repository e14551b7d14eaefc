"""Who this board is: what was burned, stored and set, gathered into one dict of fields."""

import struct

from . import heap
from .certificate import check, credentialed
from .errors import StoreError
from .store import Store

_SETTINGS = (
    ("region", "Region"),
    ("instance_id", "InstanceId"),
    ("host", "Host"),
    ("ntp_host", "NtpHost"),
    ("method", "Method"),
    ("sign_method", "SignMethod"),
)


def take_settings(settings):
    """Take the settings that replace burned fields out of a dict; return them as fields."""
    fields = {}
    for name, field in _SETTINGS:
        value = settings.pop(name, None)
        if value is not None:
            fields[field] = value.encode()
    port = settings.pop("port", None)
    if port is not None:
        fields["Port"] = struct.pack("<H", port)
    ca = settings.pop("ca", None)
    if ca is not None:
        fields["Ca"] = [ca]
    wifi = settings.pop("wifi", None)
    if wifi is not None:
        fields["WifiSsid"], fields["WifiPassword"] = [text.encode() for text in wifi]
    check(fields)
    return fields


def identify(settings, log):
    """Return the fields of this board; a setting wins over what is burned.

    The stored credential is among them if there is one. Raises StoreError naming the field that
    is missing or wrong.
    """
    store = Store(log)
    try:
        certificate, place = store.certificate()
        log("certificate read from %s" % place)
        stored = store.credential(certificate) or {}
    except StoreError:
        # A credential alone is enough to log in.
        certificate, stored = {}, store.credential(None)
        if stored is None:
            raise
    fields = {}
    for source in (stored, certificate, settings):
        fields.update(source)
    log(
        "this is %s/%s, %s"
        % (
            fields["ProductKey"].decode(),
            fields["DeviceName"].decode(),
            "with a credential" if credentialed(fields) else "not registered yet",
        )
    )
    return fields


def forget(log):
    """Erase the stored credential, so that the board registers again."""
    Store(log).forget()


def unload():
    """Give back the heap of this module and of what it needed."""
    heap.unload("identity", "store", "places", "record", "certificate")
