"""tls_errors.py: what each error of a socket is; memory is named where it was short."""

import sys

from alink.errors import MemoryShortError, TransportError, VerifyError
from alink.session import tls_errors

WRONG_ISSUER = ValueError("The certificate is not correctly signed by the trusted CA\n")


class _Chip:
    HEAP_DATA = 4

    def __init__(self, free):
        self.areas = [(9000, free // 2, free // 2, 0), (9000, free - free // 2, 100, 0)]

    def idf_heap_info(self, capabilities):
        assert capabilities == self.HEAP_DATA
        return self.areas


def named(error, free=60000):
    """Return what an error becomes with this much ESP-IDF memory; None: not an ESP32."""
    return _beside(free, tls_errors.named, "h:1", error)


def _beside(free, function, *arguments):
    # Call a function on a chip with this many free bytes.
    former = sys.modules.get("esp32")
    # A chip without the function stands for a port that is not an ESP32.
    sys.modules["esp32"] = object() if free is None else _Chip(free)
    try:
        return function(*arguments)
    finally:
        if former:
            sys.modules["esp32"] = former
        else:
            del sys.modules["esp32"]


def test_codes_of_exhausted_memory_are_memory_errors():
    # 12 from wrap_socket; MD, RSA, X.509 and PK of mbedTLS, as seen or by its headers.
    for number in (12, -12, -20864, -17040, -0x2880, -0x3F80, -0x7F00, -0x3B6A):
        for free in (60000, None):
            assert isinstance(named(OSError(number), free), MemoryShortError), number


def test_other_codes_are_transport_errors():
    # Refused, timed out, reset, no route; a fatal alert; a bad format; -0x10 alone; no address.
    for number in (111, 110, 104, -113, -0x7780, -0x2180, -0x10, -202):
        error = named(OSError(number))
        assert isinstance(error, TransportError), number
        assert not isinstance(error, MemoryShortError), number
    assert str(named(OSError("text"))) == "the connection to h:1 failed: text"


def test_wrong_issuer_counts_only_with_enough_memory():
    for free in (16384, None):
        error = named(WRONG_ISSUER, free)
        assert isinstance(error, VerifyError)
        assert str(error) == "the certificate of h:1 has an unknown issuer"
    error = named(WRONG_ISSUER, 3400)
    assert isinstance(error, MemoryShortError)
    assert not isinstance(error, VerifyError)
    assert "ESP-IDF has 3400 bytes left, 1700 in one piece" in str(error)


def test_timeout_without_memory_is_a_memory_error():
    assert isinstance(named(OSError(tls_errors.errno.ETIMEDOUT), 3400), MemoryShortError)
    assert not isinstance(named(OSError(tls_errors.errno.ECONNRESET), 3400), MemoryShortError)


def test_other_verdicts_stand_without_memory():
    assert isinstance(named(ValueError("The certificate has expired"), 3400), VerifyError)


def test_unread_root_names_memory_that_is_short():
    # MicroPython has one error for every root that mbedTLS does not take.
    error = _beside(2400, tls_errors.unread_root, 0, ValueError("invalid cert"))
    assert isinstance(error, MemoryShortError)
    assert str(error) == (
        "root certificate 0 was not read: memory is short "
        "(invalid cert; ESP-IDF has 2400 bytes left)"
    )
    error = _beside(60000, tls_errors.unread_root, 1, ValueError("invalid cert"))
    assert isinstance(error, VerifyError)
    assert str(error) == "root certificate 1 is not DER; convert it from PEM"


def test_missing_address_names_memory_that_is_short():
    error = _beside(2000, tls_errors.no_address, "h.example", OSError(-202))
    assert isinstance(error, MemoryShortError)
    assert "ESP-IDF has 2000 bytes left" in str(error)
    plain = tls_errors.no_address("h.example", OSError(-202))
    assert str(plain) == "no address found for h.example; check the network and the name"
