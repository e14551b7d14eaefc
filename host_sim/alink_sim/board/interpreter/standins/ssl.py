# `ssl` of an ESP32: mbedTLS verifies the chain, and this module checks the dates of a certificate
# against the board's clock, with the error messages of mbedTLS.
from socket import io  # The interpreter's own: the stand-in would take heap.
from time import gmtime

import tls
from tls import CERT_NONE, CERT_OPTIONAL, CERT_REQUIRED, PROTOCOL_TLS_CLIENT, PROTOCOL_TLS_SERVER


class SSLContext:
    def __init__(self, protocol):
        self._context = tls.SSLContext(protocol)
        self._context.verify_callback = self._check_dates

    @property
    def verify_mode(self):
        return self._context.verify_mode

    @verify_mode.setter
    def verify_mode(self, mode):
        self._context.verify_mode = mode

    def __getattr__(self, name):
        return getattr(self._context, name)

    def load_verify_locations(self, cafile=None, cadata=None):
        if cafile:
            with open(cafile, "rb") as file:
                cadata = file.read()
        self._context.load_verify_locations(cadata)

    def wrap_socket(self, sock, **options):
        return self._context.wrap_socket(_Wire(sock), **options)

    def _check_dates(self, certificate, depth):
        # mbedTLS calls this for each certificate of the chain; an exception aborts the handshake.
        if self._context.verify_mode == CERT_REQUIRED:
            at = "%04d%02d%02d%02d%02d%02d" % gmtime()[:6]
            before, after = _validity(certificate)
            if after < at:
                raise ValueError("\nThe certificate validity has expired\n")
            if before > at:
                raise ValueError("\nThe certificate validity starts in the future\n")
        return 0


class _Wire(io.IOBase):
    # A socket for mbedTLS: it returns errors as negative numbers instead of raising them.
    def __init__(self, sock):
        self._sock = sock
        self.setblocking = sock.setblocking
        self.ioctl = sock.ioctl

    def readinto(self, buffer):
        try:
            return self._sock.readinto(buffer)
        except OSError as error:
            return -error.errno

    def write(self, data):
        try:
            return self._sock.send(data)
        except OSError as error:
            return -error.errno


def wrap_socket(sock, server_side=False, server_hostname=None, cert_reqs=CERT_NONE, cadata=None):
    context = SSLContext(PROTOCOL_TLS_SERVER if server_side else PROTOCOL_TLS_CLIENT)
    context.verify_mode = cert_reqs
    if cadata:
        context.load_verify_locations(cadata=cadata)
    return context.wrap_socket(sock, server_side=server_side, server_hostname=server_hostname)


def __getattr__(name):
    return getattr(tls, name)


def _validity(der):
    # Return the two dates of a certificate (RFC 5280, 4.1) as text YYYYMMDDhhmmss.
    at = _inside(der, _inside(der, 0)[0])[0]
    if der[at] == 0xA0:  # the version, which is optional
        at = _inside(der, at)[1]
    for _ in range(3):  # serial number, signature algorithm, issuer
        at = _inside(der, at)[1]
    at = _inside(der, at)[0]
    dates = []
    for _ in range(2):
        start, end = _inside(der, at)
        text = str(der[start : end - 1], "ascii")
        if der[at] == 0x17:  # UTCTime has two digits of the year
            text = ("20" if text < "50" else "19") + text
        dates.append(text)
        at = end
    return dates


def _inside(der, at):
    # Return the start and end of the content of the element at `at`.
    size = der[at + 1]
    at += 2
    if size & 0x80:
        count = size & 0x7F
        size = 0
        for _ in range(count):
            size = size << 8 | der[at]
            at += 1
    return at, at + size
