# Read [field, value] pairs as JSON from standard input; print which ones the board takes.
# A value is text, or the hexadecimal digits of a root.
import json
import sys
from binascii import unhexlify

import shims

shims.install()

from alink.boot import clock, identity  # noqa: E402
from alink.errors import AlinkError  # noqa: E402
from alink.https import platform  # noqa: E402


def ntp_host(value):
    for host in value.split(","):
        clock._split(host, 123)


def https_host(value):
    identity.take({"https_host": value})
    platform.endpoint({"HttpsHost": value.encode()}, b"")


def ca(value):
    from alink.session import transport

    transport.context([unhexlify(value)])


def judge(field, value):
    if field in _OWN:
        _OWN[field](value)
    elif field in _CHECKED:
        identity.check({_CHECKED[field]: value.encode()})
    else:
        identity.take({field: value})


def takes(field, value):
    try:
        judge(field, value)
    except (AlinkError, ValueError):
        return False
    return True


_OWN = {"ntp_host": ntp_host, "https_host": https_host, "ca": ca}
_CHECKED = {
    "product_key": "ProductKey",
    "product_secret": "ProductSecret",
    "device_name": "DeviceName",
    "device_secret": "DeviceSecret",
    "client_id": "ClientID",
    "device_token": "DeviceToken",
}

print(json.dumps([takes(field, value) for field, value in json.loads(sys.stdin.read())]))
