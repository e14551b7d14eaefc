"""Who this board is: what was burned, stored and set, gathered into one dict of fields."""

import struct

from . import __version__, heap
from .certificate import check, check_certificate, check_credential, credentialed
from .errors import StoreError
from .fields import decode
from .places import certificate_places, credential_places, same
from .record import CERTIFICATE, CREDENTIAL

_SETTINGS = (
    ("region", "Region"),
    ("instance_id", "InstanceId"),
    ("host", "Host"),
    ("ntp_host", "NtpHost"),
    ("https_host", "HttpsHost"),
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
    try:
        certificate, place = burned(log)
        log("certificate read from %s" % place)
        credential = stored(certificate, log) or {}
    except StoreError:
        # A credential alone is enough to log in.
        certificate, credential = {}, stored(None, log)
        if credential is None:
            raise
    fields = {}
    for source in (credential, certificate, settings):
        fields.update(source)
    log(
        "this is %s/%s, %s, SDK %s"  # The line of a factory reads it.
        % (
            fields["ProductKey"].decode(),
            fields["DeviceName"].decode(),
            "with a credential" if credentialed(fields) else "not registered yet",
            __version__,
        )
    )
    return fields


def burned(log):
    """Return (fields, place) of the burned certificate; a writable place that lacks it gets it.

    Raises StoreError naming the field that is wrong, or saying that nothing is burned.
    """
    problem = None
    places = certificate_places()
    for place in places:
        try:
            record = place.read()
            if record is not None:
                fields = decode(record, CERTIFICATE)[1]
                check_certificate(fields)
                same(record, places, log)
                return fields, place.name
        except StoreError as error:
            problem = StoreError("the certificate in %s is unusable: %s" % (place.name, error))
            log(str(problem))
    raise problem or StoreError(
        "ProductKey, ProductSecret and DeviceName are missing: nothing is burned on this board; "
        "burn its certificate first"
    )


def stored(certificate, log):
    """Return the newest valid credential of `certificate` (of any, if None), or None.

    The other place is repaired once; a failed repair is logged, never fatal.
    """
    newest = kept = None
    generation = 0
    places = credential_places()
    for place in places:
        try:
            record = place.read()
            if record is not None:
                found, fields = decode(record, CREDENTIAL)
                check_credential(fields)
                if found > generation and _belongs(fields, certificate):
                    newest, generation, kept = record, found, fields
        except StoreError as error:
            log("the credential in %s is unusable: %s" % (place.name, error))
    if newest:
        holders = [place for place in places[:-1] if place.writable and place.read() == newest]
        same(newest, (holders or places)[:1], log)
        same(newest, places[-1:], log)
    return kept


def unload():
    """Give back the heap of this module and of what it needed."""
    heap.unload("identity", "places", "stock", "fields", "record", "certificate")


def _belongs(fields, certificate):
    # Correcting a ProductSecret or a host never discards a credential; another name does.
    for name in ("ProductKey", "DeviceName"):
        if certificate and fields[name] != certificate[name]:
            return False
    return True
