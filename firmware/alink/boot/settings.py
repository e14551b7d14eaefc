"""Check the settings of a program by name, type and range, and the fields of a registration.

docs/reference/device-settings.md, "Settings"; protocol.md, "Instances". Loaded in `from_flash` and
before a first registration. Few functions, because the names in a module stay in the heap of a
board; one is called as in `connect_fields`, and costs no name.
"""

from micropython import const

from .. import heap
from ..errors import StoreError

_TEXT = const(
    "device_name region instance_id host https_host ntp_host method sign_method timestamp policy "
    "path"
)
_NUMBERS = const(
    "port 1 65535 max_packet 128 1048576 max_requests 1 1000 keepalive 30 1200 batch 1 50"
)
_OTHERS = const("ca wifi scrub out_of_memory network watchdog log securemode")

# Bytes throughout: a short text would stay among the names of the board.
_REGIONS = const(
    b"cn-shanghai cn-beijing cn-shenzhen ap-southeast-1 ap-northeast-1 us-west-1 us-east-1 "
    b"eu-central-1"
)
_FREE = const((b"cn-shanghai", b"cn-beijing"))  # Regions where regnwl works.
_NO_OLD_PUBLIC = const((b"cn-beijing", b"cn-shenzhen"))


def check(settings):
    """Raise TypeError or ValueError naming a setting that is wrong; replace `ca` by its DER bytes.

    `ca` may be DER, PEM (text or bytes), or the path of a file with either.
    """
    numbers = _NUMBERS.split()
    names = _TEXT.split() + numbers[::3] + _OTHERS.split()
    for name in settings:
        if name not in names:
            heap.call("wrong_names", "refuse_unknown", name, names, "a setting", TypeError)
    for name in _TEXT.split():
        if not isinstance(settings.get(name, ""), str):
            raise TypeError("%s is %r; allowed is text" % (name, settings[name]))
    for at in range(0, len(numbers), 3):
        low, high = int(numbers[at + 1]), int(numbers[at + 2])
        value = settings.get(numbers[at], low)
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError("%s is %r; allowed is a number" % (numbers[at], value))
        if not low <= value <= high:
            raise ValueError(
                "%s is %d; allowed range is %d to %d" % (numbers[at], value, low, high)
            )
    if settings.get("policy", "retry") not in ("retry", "reregister", "stop"):
        raise ValueError("policy is %r; allowed are retry, reregister, stop" % settings["policy"])
    for name in ("network", "log"):
        if settings.get(name) is not None and not callable(settings[name]):
            raise TypeError("%s is %r; allowed is a function" % (name, settings[name]))
    if settings.get("securemode") not in (None, 2, -2):
        raise ValueError("securemode is %r; allowed are 2, -2" % (settings["securemode"],))
    if settings.get("scrub", False) not in (True, False):
        raise TypeError("scrub is %r; allowed are True, False" % (settings["scrub"],))
    if settings.get("watchdog") is not None and not hasattr(settings["watchdog"], "feed"):
        raise TypeError("watchdog is %r; allowed is a machine.WDT" % (settings["watchdog"],))
    if settings.get("out_of_memory", "reset") not in ("reset", "raise"):
        raise ValueError(
            "out_of_memory is %r; allowed are reset, raise" % (settings["out_of_memory"],)
        )
    wifi = settings.get("wifi")
    if wifi is not None:  # Its password stays out of the message.
        good = isinstance(wifi, (tuple, list)) and len(wifi) == 2
        for text in wifi if good else ():
            good = good and isinstance(text, str)
        if not good or not 1 <= len(wifi[0].encode()) <= 32 or 0 < len(wifi[1]) < 8:
            raise ValueError(
                "wifi is not (ssid, password): text of 1 to 32 bytes, and text of 8 to 63 or none"
            )
    ca = settings.get("ca")
    if ca is None:
        return
    if isinstance(ca, str) and "-----BEGIN CERT" not in ca:
        path = ca
        try:
            with open(path, "rb") as file:
                ca = file.read()
        except OSError as error:
            raise ValueError("ca is the file %s, which cannot be read: %r" % (path, error))
    if isinstance(ca, str):
        ca = ca.encode()
    if isinstance(ca, bytes) and b"-----BEGIN CERT" in ca:
        from binascii import a2b_base64

        ca = a2b_base64(ca.split(b"-----")[2])
    if not isinstance(ca, bytes) or ca[:1] != b"\x30":
        raise ValueError(
            "ca is not a root certificate; allowed are DER, PEM, or the path of a file"
        )
    settings["ca"] = ca


def registration(fields):
    """Raise StoreError for a certificate with which the platform cannot register a board.

    A host that is not the vendor's, such as a proxy, is dialled whatever the other fields are.
    """
    method, instance = fields.get("Method"), fields.get("InstanceId")
    region, host = fields.get("Region", b"cn-shanghai"), fields.get("Host", b"").lower()
    private = host and not host.endswith(b".aliyuncs.com")
    if private and (method != b"https" or "HttpsHost" in fields):
        return
    if region not in _REGIONS.split():
        raise StoreError("Region is %s; allowed are %s" % (region.decode(), _REGIONS.decode()))
    if private:
        return
    if method == b"regnwl" and not (instance and region in _FREE):
        raise StoreError(
            "Method is regnwl, which needs an enterprise instance in cn-shanghai or cn-beijing; "
            "Region is %s, InstanceId is %s" % (region.decode(), (instance or b"missing").decode())
        )
    if not instance and region in _NO_OLD_PUBLIC:
        raise StoreError("InstanceId is missing; %s has no old public one" % region.decode())
    wanted = b"%s.iot-as-mqtt.%s.aliyuncs.com" % (fields["ProductKey"], region)
    if instance:
        wanted = instance + b".mqtt.iothub.aliyuncs.com"
    if host and host != wanted.lower():
        raise StoreError(
            "Host is %s, but this instance is reached at %s" % (host.decode(), wanted.decode())
        )
