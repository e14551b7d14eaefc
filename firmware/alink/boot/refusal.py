"""Why a registration was refused, and what to do. Loaded only when that happens.

docs/reference/protocol.md, "Dynamic registration" and "HTTPS".
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

_CHECKS = {
    b"register": "check that the DeviceName is registered and was never online, ",
    b"regnwl": "regnwl needs an enterprise instance in cn-shanghai or cn-beijing: check that this "
    "is one, that the DeviceName has fewer than five ClientIDs, ",
}


def over_mqtt(fields, method, error):
    """Return the RefusedError that says what to check; `error` has the code of the CONNACK."""
    return RefusedError(
        error.code,
        "registration of %s/%s refused, CONNACK %d (%s); %sthe ProductSecret, and that dynamic "
        "registration is switched on"
        % (
            fields["ProductKey"].decode(),
            fields["DeviceName"].decode(),
            error.code,
            error,
            _CHECKS[method],
        ),
    )


def over_https(fields, code, message):
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
