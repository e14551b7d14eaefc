"""Dynamic registration over HTTPS: pre-registered devices only, one form, one JSON response.

docs/reference/protocol.md, "HTTPS". It may be repeated until the device was online once, so a lost
response costs nothing.
"""

from .. import heap
from ..errors import ProtocolError

platform = heap.load("https.platform")

_PATH = "/auth/register/device"
_FORM = "Content-Type: application/x-www-form-urlencoded\r\n"


def register(boot):
    """Yield the milliseconds to wait; return the credential, as `register.register` does.

    `boot` is a `Boot` whose `tls` is set. Raises RefusedError with the platform's code,
    TransportError, ProtocolError.
    """
    fields = boot.fields
    where = platform.endpoint(
        fields, b"iot-auth.%s.aliyuncs.com" % fields.get("Region", b"cn-shanghai")
    )
    body = form(fields, *heap.call("boot.connect_fields", "signed", fields))
    tls = platform.trust(fields, boot.tls, where[1])
    answer = yield from platform.post(where, tls, boot.feed, _PATH, _FORM, body)
    code = answer["code"]
    if code != 200:
        raise heap.call("boot.refusal", "over_https", fields, code, answer.get("message"))
    made = heap.call("boot.reply", "credential_of", fields, answer.get("data"))
    if "DeviceSecret" not in made:
        raise ProtocolError("the answer to the registration holds no deviceSecret")
    return made


def form(fields, random, sign):
    """Return the body that asks for a registration; see `connect_fields.signed`."""
    name, key = fields["DeviceName"], fields["ProductKey"]
    method = fields.get("SignMethod", b"hmacsha256")
    return b"productKey=%s&deviceName=%s&random=%s&sign=%s&signMethod=%s" % (
        key,
        # The signature covers the unencoded name. Only these allowed characters need encoding.
        name.replace(b":", b"%3A").replace(b"@", b"%40"),
        random,
        sign,
        method,
    )
