# The two heaps of a chip, on the interpreter chip32: what Wi-Fi, TLS and threads take of ESP-IDF's
# heap, and how each fails without it. alink_sim/board/interpreter/chip_memory.py has the figures.
# It runs before _main.py and changes the other stand-ins, so that they stay as they are for boards
# with one heap. All of this lies in the area that `_chip.open` makes ROM.
import gc

import _board
import _chip
import uos

(_regions, _first, _kept, _wifi, _context, _ca, _wrap, _handshake, _limits, _dns, _packet) = eval(
    uos.getenv("ALINK_CHIP")
)
_SLICE = 100  # Milliseconds after which a socket that found no memory tries again.
_SEGMENT = 2920  # Bytes that leave at once.
# The texts of an ESP32 are the names of mbedTLS's header; the unix port has sentences.
_TEXTS = {
    -20864: "MBEDTLS_ERR_MD_ALLOC_FAILED",
    -17040: "MBEDTLS_ERR_RSA_PUBLIC_FAILED+MBEDTLS_ERR_MPI_ALLOC_FAILED",
}
_held = []  # The memory of Wi-Fi.
_needed = 0  # Bytes that the last refused packet needs.
_plain_wait = _board.wait


def _wait(ms, kind, poll=None):
    _chip.rest(True)
    found = _wait_for_memory(ms, kind, poll)
    _chip.rest(False)
    if ms:
        _chip.settle()
    return found


def _wait_for_memory(ms, kind, poll):
    # A socket is not ready while there is no memory for its packets.
    global _needed
    while poll and ms and _chip.free() < max(_needed, _packet):
        step = _SLICE if ms < 0 or ms > _SLICE else ms
        _plain_wait(step, kind)
        _needed = 0
        if ms > 0:
            ms -= step
            if not ms:
                return None
    return _plain_wait(ms, kind, poll)


_board.wait = _wait  # Before socket, select and time import it.

import socket  # noqa: E402

import _boot  # noqa: E402
import esp32  # noqa: E402

_mount = _boot.mount


def _mount_and_open():
    _mount()
    # A chip has these in ROM.
    import ssl

    import esp
    import machine
    import network

    if _board.keys:
        import _repl
    _change_network(network)
    _change_socket(socket)
    _change_ssl(ssl)
    esp32.idf_heap_info = _chip.info
    esp32.HEAP_DATA = 4
    esp32.HEAP_EXEC = 1
    gc.collect()
    _chip.open(_regions, _first, _kept)


_boot.mount = _mount_and_open


def _start_wifi():
    if not _held:
        try:
            _held.append(_chip.Block(*_wifi))
        except MemoryError:
            raise OSError(-257, "ESP_ERR_NO_MEM")


def _change_network(network):
    station = type(network.WLAN)
    plain = station.active

    def active(self, on=None):
        if on:
            _start_wifi()
        return plain(self, on)

    station.active = active


def _change_socket(module):
    kind = module.socket
    plain_ip, plain_connect, plain_do = module._ip, kind.connect, kind._do

    def ip(host):
        _start_wifi()
        if _chip.free() < _dns and not host.replace(".", "").isdigit():
            raise OSError(-202)
        return plain_ip(host)

    def connect(self, address):
        _start_wifi()
        if _chip.free() < _dns:
            _plain_wait(self._ms, 1)
            raise OSError(116)
        return plain_connect(self, address)

    def do(self, event, call, arguments):
        # A packet that leaves lies in lwIP and in the driver at once.
        size = 2 * min(len(arguments[0]), _SEGMENT) if event == 4 else 0
        _await_memory(self, _packet + size)
        return plain_do(self, event, call, arguments)

    module._ip, kind.connect, kind._do = ip, connect, do


def _await_memory(sock, size):
    global _needed
    waited = 0
    while _chip.free() < size:
        if sock._ms == 0:
            _needed = size
            raise OSError(11)
        if 0 < sock._ms <= waited:
            raise OSError(116)
        _plain_wait(_SLICE, 1)
        waited += _SLICE


def _change_ssl(ssl):
    start, receive, verify, agree = _limits

    class Wire(ssl._Wire):
        def __init__(self, sock):
            super().__init__(sock)
            self.ioctl = self._control
            self._flights = 0  # Of the client, in the handshake.
            try:
                self._memory = [_chip.Block(*_wrap)]
            except MemoryError:
                raise OSError(12)

        def _control(self, request, argument):
            if request == 4:
                self.give()
            return self._sock.ioctl(request, argument)

        def give(self):
            for block in self._memory:
                block.give()

        def readinto(self, buffer):
            if self._flights < 2:
                try:
                    _await_memory(self._sock, receive)
                except OSError as error:
                    return -error.errno
            return super().readinto(buffer)

        def write(self, data):
            if self._flights < 2:
                if _chip.free() < (agree if self._flights else start):
                    return -17040 if self._flights else -20864
                if self._flights and not self._take_for_handshake():
                    return -17040
                self._flights += 1
            return super().write(data)

        def _take_for_handshake(self):
            before, stays, after = _handshake
            try:
                first = _chip.Block(before)
                self._memory.append(_chip.Block(stays))
                last = _chip.Block(after)
                first.give()
                last.give()  # ESP-IDF's record of the fewest free bytes has it.
            except MemoryError:
                return False
            return True

    class SSLContext(ssl.SSLContext):
        def __init__(self, protocol):
            self._memory = _chip.Block(*_context)
            super().__init__(protocol)

        def load_verify_locations(self, cafile=None, cadata=None):
            super().load_verify_locations(cafile, cadata)
            try:
                self._anchors = _chip.Block(*_ca)
            except MemoryError:
                raise ValueError("invalid cert")  # The one error for all that is wrong with a CA.

        def wrap_socket(self, sock, **options):
            wire = Wire(sock)
            try:
                return self._context.wrap_socket(wire, **options)
            except (OSError, ValueError) as error:
                wire.give()
                if error.args[0] in _TEXTS:
                    raise OSError(error.args[0], _TEXTS[error.args[0]])
                raise

        def _check_dates(self, certificate, depth):
            if self._context.verify_mode == ssl.CERT_REQUIRED and _chip.free() < verify:
                raise ValueError("\nThe certificate is not correctly signed by the trusted CA\n")
            return super()._check_dates(certificate, depth)

    ssl.SSLContext = SSLContext
