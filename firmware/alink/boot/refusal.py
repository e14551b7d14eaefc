"""Why a registration over HTTPS was refused, and what to do. Loaded only when that happens.

docs/reference/protocol.md, "HTTPS".
"""

from ..errors import RefusedError

_ADVICE = {
    429: "it asks too often",
    460: "a field is malformed: burn the certificate again",
    500: "the platform failed",
    6100: "add the DeviceName in the console first",
    6204: "enable the device in the console",
    6250: "no such product here: check ProductKey and Region",
    6288: "switch dynamic registration of the product on in the console",
    6289: "it was online before: reset it in the console, or burn its DeviceSecret",
    6292: "burn another SignMethod",
    6600: "the ProductSecret is wrong: burn the right one",
}


def refusal(fields, code, message):
    """Return the RefusedError for a response code; its text says what to do."""
    return RefusedError(
        code,
        "registration of %s/%s over HTTPS refused, code %d (%s): %s"
        % (
            fields["ProductKey"].decode(),
            fields["DeviceName"].decode(),
            code,
            message,
            _ADVICE.get(code, "look in the platform's log"),
        ),
    )
