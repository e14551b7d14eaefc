# `socket` of an ESP32: its errors, its timeouts, and DNS from the board's `hosts` file.
import io

import _board
import uselect
import usocket
from _board import air, hosts, state, wait
from usocket import AF_INET, SO_BROADCAST, SO_REUSEADDR, SOCK_DGRAM, SOCK_STREAM, SOL_SOCKET

# Pairs of an errno of Linux and the errno of an ESP32 for it; lwIP reports a refused connection
# (111) as ECONNRESET.
_ERRNO = b"\x62\x70\x65\x76\x67\x71\x6a\x7f\x6b\x80\x6e\x74\x6f\x68\x71\x76\x72\x78\x73\x77"


def getaddrinfo(host, port, af=AF_INET, type=0, proto=0, flags=0):
    return [(AF_INET, type or SOCK_STREAM, proto, host, (_ip(host), port))]


def _ip(host):
    if host.replace(".", "").isdigit():
        return host
    hosts.seek(0)
    for line in hosts if air()[0] != 1 else ():
        name, ip = line.split()
        if host == name or (name[0] == "*" and host.endswith(name[1:])):
            return ip
    raise OSError(-202)


def _native(address):
    return usocket.getaddrinfo(_ip(address[0]), address[1])[0][-1]


def _error(error):
    number = error.errno
    for at in range(0, len(_ERRNO), 2):
        if _ERRNO[at] == number:
            number = _ERRNO[at + 1]
            break
    return OSError(number)


class socket(io.IOBase):
    def __init__(self, af=AF_INET, type=SOCK_STREAM, proto=0):
        self._sock = usocket.socket(af, type, proto)
        self._sock.setblocking(False)
        if type == SOCK_STREAM:
            # No Nagle: it would hold small writes for the 40 ms that Linux delays its ACK.
            self._sock.setsockopt(6, 1, 1)
        self._ms = -1
        self._open = True
        # The error of this socket in the network of a captive portal: reset, or silence for UDP.
        self._caught = 104 if type == SOCK_STREAM else 116

    def __getattr__(self, name):
        # recv, recvfrom, send and sendto wait like this socket; the host has the other methods.
        call = getattr(self._sock, name)
        if name[:4] not in ("recv", "send"):
            return call
        return lambda *arguments: self._do(1 if name[0] == "r" else 4, call, arguments)

    def close(self):
        # Only once: the unix port would close the next file that got the same descriptor number.
        if self._open:
            self._open = False
            self._sock.close()

    def settimeout(self, seconds):
        self._ms = -1 if seconds is None else int(seconds * 1000)

    def setblocking(self, flag):
        self._ms = -1 if flag else 0  # This clears an earlier timeout, as on an ESP32.

    def connect(self, address):
        address = _native(address if air()[0] != 2 else self._portal(address[1]))
        if air()[0] == 1:
            wait(self._ms, 1)
            raise OSError(116)
        for again in (False, True):
            try:
                return self._sock.connect(address)
            except OSError as error:
                if again and error.errno == 106:  # Linux returns EISCONN after success.
                    return None
                if again or error.errno != 115 or self._ms == 0:
                    raise _error(error)
            self._wait(4)

    def _portal(self, port):
        # A captive portal serves HTTP, whatever the address, and refuses every other port.
        if port != 80:
            raise OSError(104)
        self._caught = 0
        return "127.0.0.1", int.from_bytes(state(56, 2), "little")

    def bind(self, address):
        self._sock.bind(_native(address))

    def sendto(self, data, address):
        return self._do(4, self._sock.sendto, (data, _native(address)))

    def readinto(self, buffer, size=None):
        try:
            return self._do(1, self._sock.readinto, (buffer, size or len(buffer)))
        except OSError as error:
            if error.errno != 11:
                raise

    def read(self, size=-1):
        # Return all `size` bytes if blocking. Otherwise return the available bytes, or None.
        data = b""
        while size != len(data):
            try:
                part = self._do(1, self._sock.recv, (512 if size < 0 else size - len(data),))
            except OSError as error:
                if error.errno == 11:
                    return data or None
                raise
            if not part:
                break
            data += part
        return data

    def readline(self):
        line = b""
        while line[-1:] != b"\n":
            part = self.read(1)
            if not part:
                break
            line += part
        return line

    def write(self, data, size=None):
        data = memoryview(data)[:size]
        done = 0
        while done < len(data):
            try:
                done += self._do(4, self._sock.send, (data[done:],))
            except OSError as error:
                if error.errno == 11:
                    return done or None
                raise
        return done

    sendall = write

    def ioctl(self, request, argument):
        if request == 10:
            return self._sock.fileno()
        if request == 3:
            found = self._poll(argument).poll(0)
            return found[0][1] if found else 0
        if request == 4:
            self.close()
            return 0
        return -22

    def _do(self, event, call, arguments):
        # Return the result of `call`; raise OSError EAGAIN if a non-blocking socket would wait.
        while True:
            late = air()[1]
            if air()[0] == 2 and self._caught:
                raise OSError(self._caught)
            try:
                done = None if air()[0] == 1 else call(*arguments)
                if done is not None:
                    if late:
                        wait(late * 10, 0)
                    return done
            except OSError as error:
                if error.errno != 11:
                    raise _error(error)
            if self._ms == 0:
                raise OSError(11)
            self._wait(event)

    def _wait(self, event):
        if not wait(self._ms, 1, self._poll(event)):
            raise OSError(116)

    def _poll(self, event):
        poll = uselect.poll()
        poll.register(self._sock, event)
        return poll


__getattr__ = _board.rare("socket")
