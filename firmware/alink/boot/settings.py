"""Check the settings of a program by name, type and range.

docs/reference/device-settings.md, "Settings". Loaded once, in `from_flash`. One function, because
the names in a module stay in the heap of a board.
"""

from micropython import const

from .. import heap

_TEXT = const(
    "device_name region instance_id host https_host ntp_host method sign_method timestamp policy "
    "path"
)
_NUMBERS = const(
    "port 1 65535 max_packet 128 1048576 max_requests 1 1000 keepalive 30 1200 batch 1 50"
)
_OTHERS = const("ca wifi scrub out_of_memory network watchdog log securemode")


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
