"""The product certificate (what was burned) and the credential (what registration returned).

Both are plain dicts, vendor name to bytes, as `record` reads them: a dict lets this module and
its bytecode leave the heap before login, an object of a class here would keep both. "Certificate"
in this field is a set of strings, not X.509. Pure.
"""

from .errors import StoreError

_LIMITS = (
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
)
_CHOICES = (
    ("SignMethod", (b"hmacmd5", b"hmacsha1", b"hmacsha256")),
    ("Method", (b"register", b"regnwl", b"https")),
)


def check_certificate(fields):
    """Raise StoreError naming the first field of a burned certificate that is missing or wrong."""
    _require(fields, "ProductKey", "DeviceName")
    if "DeviceSecret" not in fields:
        _require(fields, "ProductSecret")
    check(fields)


def check_credential(fields):
    """Raise StoreError naming the first field of a stored credential that is missing or wrong."""
    _require(fields, "ProductKey", "DeviceName")
    if "DeviceSecret" not in fields:
        _require(fields, "ClientID", "DeviceToken")
    check(fields)


def credentialed(fields):
    """Tell whether `fields` are enough to log in without registering."""
    return "DeviceSecret" in fields or "DeviceToken" in fields


def _require(fields, *names):
    for name in names:
        if not fields.get(name):
            raise StoreError("%s is missing; burn the board's certificate again" % name)


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
                if not _allowed(byte, extra):
                    raise StoreError("%s: byte 0x%02x at %d is not allowed" % (name, byte, at))
    for name, choices in _CHOICES:
        if fields.get(name, choices[0]) not in choices:
            raise StoreError("%s must be one of %s" % (name, b" ".join(choices).decode()))
    if "Port" in fields and len(fields["Port"]) != 2:
        raise StoreError("Port has %d bytes, not 2" % len(fields["Port"]))


def _allowed(byte, extra):
    if extra is None:
        return 0x20 < byte < 0x7F
    return 0x30 <= byte <= 0x39 or 0x41 <= byte <= 0x5A or 0x61 <= byte <= 0x7A or byte in extra
