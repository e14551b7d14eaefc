"""Gather the burned, stored and configured fields of this board into one dict.

The product certificate (burned) and the credential (what registration returned) are plain dicts,
vendor name to bytes: an instance of a class here would keep this module in the heap until login.
"Certificate" in this field is a set of strings, not X.509.
"""

import struct

from micropython import const

from .. import __version__, heap
from ..errors import StoreError

copies = heap.load("boot.copies")
records = heap.load("boot.record")

_LIMITS = const(
    (
        # name, shortest, longest, what may stand in it besides letters and digits
        ("ProductKey", 1, 20, b""),
        ("ProductSecret", 1, 64, None),
        ("DeviceName", 4, 32, b"-_@.:"),
        ("DeviceSecret", 1, 64, None),
        ("ClientID", 1, 64, None),
        ("DeviceToken", 1, 64, None),
        ("Host", 1, 128, b"-._"),
        ("HttpsHost", 1, 128, b"-._:"),
        ("InstanceId", 1, 64, b"-_"),
        ("Region", 1, 32, b"-"),
        ("Timestamp", 1, 16, b""),
    )
)
_CHOICES = const(
    (
        ("SignMethod", (b"hmacmd5", b"hmacsha1", b"hmacsha256")),
        ("Method", (b"register", b"regnwl", b"https")),
    )
)
_SETTINGS = const(
    (
        ("device_name", "DeviceName"),
        ("region", "Region"),
        ("instance_id", "InstanceId"),
        ("host", "Host"),
        ("ntp_host", "NtpHost"),
        ("https_host", "HttpsHost"),
        ("method", "Method"),
        ("sign_method", "SignMethod"),
        ("timestamp", "Timestamp"),
    )
)


def load(make, settings):
    """Return `make(**settings)`, a `Device` or the like, with the identity of this board.

    The settings that replace burned fields are taken out first. Raises StoreError naming the field
    that is missing or wrong.
    """
    heap.call("boot.settings", "check", settings)
    fields = take(settings)
    limit = settings.pop("max_requests", None)  # A long name: short ones stay in the heap.
    if limit:
        heap.load("calls", True).Calls.max = limit
    device = make(**settings)
    device.fields = fields = identify(fields, device._log)
    secret = "DeviceSecret" if "DeviceSecret" in fields else "ProductSecret"
    if "DeviceToken" not in fields and fields.get(secret, b"").startswith(b"efuse:"):
        fields[secret] = heap.call("boot.efuse", "signed", fields, secret)
    device.product_key = fields["ProductKey"].decode()
    device.device_name = fields["DeviceName"].decode()
    if hasattr(device, "roster"):
        # A gateway. It cannot do this in a `from_flash` that calls super(): before 1.24,
        # MicroPython binds a class method found by super() to the wrong class.
        heap.call("gateway.names", "load", device, fields.get("SubProduct", ()))
    return device


def take(settings):
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
        ssid, password = wifi
        fields["WifiSsid"], fields["WifiPassword"] = ssid.encode(), password.encode()
    update(fields)
    check(fields)
    if settings.pop("scrub", False):
        fields["Scrub"] = True
    if settings.pop("out_of_memory", "") == "raise":
        fields["stop"] = True
    return fields


def identify(settings, log):
    """Return the fields of this board; a setting wins over a burned field.

    The stored credential is among them if there is one. Raises StoreError naming the field that
    is missing or wrong.
    """
    try:
        certificate, place = burned(log)
        log("certificate read from %s" % place)
        certificate["DeviceName"] = settings.pop("DeviceName", certificate["DeviceName"])
        credential = stored(certificate, log) or {}
    except StoreError:
        # A credential alone is enough to log in, under its own name.
        settings.pop("DeviceName", None)
        certificate, credential = {}, stored(None, log)
        if credential is None:
            raise
    fields = {}
    for source in (credential, certificate, settings):
        fields.update(source)
    if "DeviceToken" not in fields:
        check_record(fields, "ProductSecret")
    log(
        "this is %s/%s, %s, SDK %s"  # The line of a factory reads it.
        % (
            fields["ProductKey"].decode(),
            fields["DeviceName"].decode(),
            "with a credential"
            if "DeviceSecret" in fields or "DeviceToken" in fields
            else "not registered yet",
            __version__,
        )
    )
    return fields


def burned(log):
    """Return (fields, place) of the burned certificate; a writable place that lacks it gets it.

    Raises StoreError naming the field that is wrong, or saying that nothing is burned.
    """
    problem = None
    places = copies.cert()
    for place in places:
        try:
            record = place.read()
            if record is not None:
                fields = records.decode(record, records.CERTIFICATE)[1]
                update(fields)
                check_record(fields, "ProductKey")  # `scrub` has removed the secret, perhaps.
                copies.same(record, places, log)
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
    places = copies.cred()
    for place in places:
        try:
            record = place.read()
            if record is not None:
                found, fields = records.decode(record, records.CREDENTIAL)
                check_record(fields, "ClientID", "DeviceToken")
                # Correcting a ProductSecret or a host discards no credential; another name does.
                belongs = not certificate or (
                    fields["ProductKey"] == certificate["ProductKey"]
                    and fields["DeviceName"] == certificate["DeviceName"]
                )
                if found > generation and belongs:
                    newest, generation, kept = record, found, fields
        except StoreError as error:
            log("the credential in %s is unusable: %s" % (place.name, error))
    if newest:
        holders = [place for place in places[:-1] if place.writable and place.read() == newest]
        copies.same(newest, (holders or places)[:1], log)
        copies.same(newest, places[-1:], log)
    return kept


def update(fields):
    # Few boards complete their name: the code for it is loaded for them only.
    if b"{" in fields.get("DeviceName", b""):
        fields["DeviceName"] = heap.call("boot.board_name", "whole", fields["DeviceName"])


def check_record(fields, *secrets):
    """Raise StoreError naming the first field of a record that is missing or wrong.

    It needs ProductKey, DeviceName and a DeviceSecret; `secrets` name what takes its place.
    """
    names = ("ProductKey", "DeviceName")
    if "DeviceSecret" not in fields:
        names += secrets
    for name in names:
        if not fields.get(name):
            raise StoreError("%s is missing; burn the board's certificate again" % name)
    check(fields)


def check(fields):
    """Raise StoreError naming the first field that is too long or holds what it may not."""
    for name, shortest, longest, extra in _LIMITS:
        value = fields.get(name)
        if value is not None:
            if not shortest <= len(value) <= longest:
                raise StoreError(
                    "%s has %d bytes, allowed are %d..%d" % (name, len(value), shortest, longest)
                )
            for at, byte in enumerate(value):
                good = 0x20 < byte < 0x7F
                if extra is not None:
                    letter = 0x41 <= byte <= 0x5A or 0x61 <= byte <= 0x7A
                    good = letter or 0x30 <= byte <= 0x39 or byte in extra
                if not good:
                    raise StoreError("%s: byte 0x%02x at %d is not allowed" % (name, byte, at))
    for name, choices in _CHOICES:
        if fields.get(name, choices[0]) not in choices:
            raise StoreError("%s must be one of %s" % (name, b" ".join(choices).decode()))
    if "Port" in fields and len(fields["Port"]) != 2:
        raise StoreError("Port has %d bytes, not 2" % len(fields["Port"]))
