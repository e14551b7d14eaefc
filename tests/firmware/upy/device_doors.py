# The doors of a device for a fuzzer: bytes of a hostile platform, into the modules of the SDK.
#   device_doors.py DOOR
#
# Standard input brings batches: a count (">H"), then each input after its size (">I"). Each batch
# is answered by a line of JSON: "steps" is the largest number of steps that an input took, "used"
# the allocated heap after a collection, "failed" null or [number of the input, traceback].
# "result" are the bytes, in hex, that the door returned for the last input: null where it has
# none, or the SDK refused the input.
import gc
import io
import json
import struct
import sys
from binascii import hexlify

import shims

ENOUGH = 4000  # Steps that an input may take, and more for each of its bytes:
ENOUGH_A_BYTE = 40
KEY, NAME = "a1B2c3D4e5F", "dev-1"
CERTIFICATE = {"ProductKey": KEY.encode(), "DeviceName": NAME.encode(), "ProductSecret": b"s" * 16}
IDENTITY = {"ProductKey": KEY.encode(), "DeviceName": NAME.encode(), "DeviceSecret": b"s" * 32}
LOGIN = b"c", b"u", b"p"  # Of a registration.


class Hang(BaseException):
    """An input took more steps than it may; nothing in the SDK catches this."""


class Clock:
    """The functions of `time`, moved by waits; it counts the steps of an input."""

    PERIOD = 1 << 30

    def __init__(self):
        self.now = 0
        self.left = self.allowed = ENOUGH

    def begin(self, allowed):
        self.left = self.allowed = allowed

    def spend(self):
        self.left -= 1
        if self.left < 0:
            raise Hang("more than %d steps" % self.allowed)

    def ticks_ms(self):
        self.spend()
        return self.now

    def ticks_add(self, ticks, delta):
        return (ticks + delta) % self.PERIOD

    def ticks_diff(self, end, start):
        return ((end - start + self.PERIOD // 2) % self.PERIOD) - self.PERIOD // 2

    def sleep_ms(self, ms):
        self.spend()
        self.now = self.ticks_add(self.now, ms)

    def time(self):
        return 1795456800 + self.now // 1000

    def gmtime(self, seconds=None):
        return 2026, 11, 30, 0, 0, 0, 0, 334


clock = Clock()
# Attributes, not methods: older MicroPython does not import a method from an object.
sys.modules["time"] = shims.Module(
    ticks_ms=clock.ticks_ms,
    ticks_add=clock.ticks_add,
    ticks_diff=clock.ticks_diff,
    sleep_ms=clock.sleep_ms,
    time=clock.time,
    gmtime=clock.gmtime,
)
shims.install()

from alink import heap  # noqa: E402
from alink.cloudlog import CloudLog  # noqa: E402
from alink.config import Config  # noqa: E402
from alink.errors import AlinkError, TransportError  # noqa: E402
from alink.gateway import Gateway  # noqa: E402
from alink.outbox import Outbox  # noqa: E402
from alink.report import on_raw  # noqa: E402
from alink.rrpc import on_request  # noqa: E402
from alink.session import log_in  # noqa: E402
from alink.session.mqtt import MQTTClient  # noqa: E402
from alink.shadow import Shadow  # noqa: E402
from alink.thing import Thing  # noqa: E402
from alink.timesync import ask as ask_time  # noqa: E402


class Peer:
    """A connection: gives the input, `chunk` bytes a read; takes everything."""

    peer = "iot.example:8883"

    def __init__(self, data, chunk, begins=b"", stays=False):
        self._data = memoryview(begins + data)
        self._chunk = chunk
        self._stays = stays  # Whether it is silent after its last byte; else it closes.
        self._pause = False
        self.sent = b""  # By the device.

    def __len__(self):
        return len(self._data)

    def readinto(self, view):
        clock.spend()
        if not len(self):
            if self._stays:
                return None
            raise TransportError("%s closed the connection" % self.peer)
        self._pause = not self._pause
        if self._pause:
            return None
        count = min(len(view), len(self), self._chunk)
        view[:count] = self._data[:count]
        self._data = self._data[count:]
        return count

    def send(self, view):
        clock.spend()
        self.sent += bytes(view)

    def timeout(self):
        return 1000

    def wait(self, ms, write=False):
        clock.sleep_ms(ms)
        return len(self) > 0

    def close(self):
        pass


class World:
    """A gateway with every feature of the SDK, and what a door does with an input."""

    def __init__(self):
        self.peer = None
        self.lost = []  # What ended sessions and is not an error of the SDK.
        self.lines = []
        self._call, heap.call = heap.call, self._step
        # fmt: off
        self.device = device = Gateway(batch=2, path="subs", keepalive=60, log=self.lines.append)
        device.product_key, device.device_name = KEY, NAME
        device.fields, device._way = None, (("iot.example", 8883), None, IDENTITY, None)
        # fmt: on
        self.thing = Thing(device)
        self.thing.property("a")(lambda value: value)
        self.thing.service("s")(lambda inputs: inputs)
        self.shadow = Shadow(device, on_desired=lambda values: None)
        self.config = Config(device, lambda info: None)
        self.log = CloudLog(device)
        self.outbox = Outbox(device, limit=256, drop=True)
        on_raw(device, lambda data: data)
        on_request(device, "user/ask", lambda payload: payload)
        device.subscribe("user/+", lambda topic, payload: None)
        for name in ("sub-1", "sub-2"):
            device.add("subs", name).when_online(lambda: None)
        self.log_in(b"\x20\x02\x00\x00", 64)
        self._begin(b"", 512)
        ask_time(device, lambda ms: None)
        self._ask()
        self.topics = sorted(device._routes)
        self.topics += [b"/ext/session/%s/combine/batch_login_reply" % self._identity()]
        for what in (b"topo/add/notify", b"topo/change", b"disable", b"enable", b"gateway/permit"):
            self.topics.append(b"/sys/%s/thing/%s" % (self._identity(), what))
        device._link.discard()

    def _identity(self):
        return b"%s/%s" % (KEY.encode(), NAME.encode())

    def _step(self, step, function, *arguments):
        if function == "dial":
            return self.peer
        if (step, function) == ("session.log_in", "end"):
            error = arguments[1]
            if not isinstance(error, (AlinkError, MemoryError)):
                self.lost.append(error)
        return self._call(step, function, *arguments)

    def _ask(self):
        # Each kind of request, so that its reply is waited for.
        self.thing.post({"a": 1})
        self.shadow.get()
        self.config.ask()
        self.device.request("topo/get", {}, 0, lambda code, data, message: None)

    def _begin(self, data, chunk):
        # A session without its login, which costs a dozen imports.
        device = self.device
        link = device._link
        self.peer = Peer(data, chunk, stays=True)
        log_in.start(link, MQTTClient(self.peer, link))
        link.fresh = False
        return link

    # The doors

    def log_in(self, data, chunk):
        """A whole login of which the platform sends every byte."""
        self.peer = Peer(data, chunk)
        device = self.device
        if device._link:
            device._link.until = None
        device.due = clock.now
        try:
            device._step()
            while device.online() and len(self.peer):
                device._step()
        except AlinkError:
            pass  # A refused login, under policy "retry" only where the reply says so.

    def stream(self, data, chunk):
        """The bytes that come in a session."""
        link = self._begin(data, chunk)
        while link.online and len(self.peer):
            self.device._step()
        link.discard()

    def session(self, data, chunk):
        """Well-formed packets of a platform; returns what the device sends in its session."""
        link = self._begin(data, chunk)
        while len(self.peer):
            self.device._step()
            if not link.online:
                raise AssertionError("the session ended: %s" % self.lines[-1:])
        link.discard()
        self.device._calls.waiting.clear()  # This platform replies to no post; 32 may wait.
        return self.peer.sent

    def message(self, data, chunk):
        """The payload of a well-formed PUBLISH; it must not end the session."""
        topic = self.topics[chunk % len(self.topics)].replace(b"+", b"1").replace(b"#", b"x")
        link = self._begin(b"", 512)
        if topic.endswith(b"_reply"):
            self._ask()
            data = data.replace(b"@ID", b"%d" % self.device._calls.id)
        body = struct.pack(">H", len(topic)) + topic + data[:16000]
        size = len(body)
        head = b"\x30"
        while size > 127:
            head += bytes((size & 127 | 128,))
            size >>= 7
        self.peer._data = memoryview(head + bytes((size,)) + body)
        while len(self.peer):
            self.device._step()
            if not link.online:
                raise AssertionError("a message ended the session: %s" % self.lines[-1:])
        link.discard()

    def register(self, data, chunk):
        """The response of the platform to a registration over MQTT."""
        begins = b"\x20\x02\x00\x00"
        if chunk & 1:
            begins += b"\x30%c\x00\x0b/ext/regnwl" % (13 + len(data) & 127)
        peer = Peer(data, chunk, begins)
        heap.call("boot.register", "register", peer, CERTIFICATE, b"regnwl", LOGIN)

    def https(self, data, chunk):
        """The response of an HTTPS server, to a request or to a download."""
        self.peer = Peer(data, chunk)
        where = ("iot.example", 443)
        if chunk & 1:
            begins = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(data)
            self.peer = Peer(data, chunk, begins)
        if chunk & 2:
            engine = heap.call("https.platform", "post", where, None, None, "/auth", "", b"{}")
        else:
            url = "https://iot.example/file"
            engine = heap.call("https.request", "get", url, None, None, 2000, len)
        for wait in engine:
            clock.sleep_ms(wait)

    def download(self, data, chunk):
        """The response of a file server to the SDK's request; returns the body that it takes."""
        self.peer = Peer(data, chunk)
        body = bytearray()
        url = "https://iot.example/file"
        for wait in heap.call("https.request", "get", url, None, None, 2000, body.extend):
            clock.sleep_ms(wait)
        return bytes(body)

    def time(self, data, chunk):
        """A reply of a time server, by SNTP or HTTP."""
        if chunk & 1:
            heap.call("boot.clock", "from_http", b"HTTP/1.1 200 OK\r\nDate: " + data)
        else:
            heap.call("boot.clock", "from_ntp", b"\x24\x01" + data[2:24] + data[:24], data[:8])


def feed(world, door, data):
    """Feed one input; return its steps and what its door returned, None for a refusal.

    Its first byte says how many bytes a read gives, or which way it takes.
    """
    clock.begin(ENOUGH + ENOUGH_A_BYTE * len(data))
    chunk = data[0] if data else 0
    result = None
    try:
        result = getattr(world, door)(data[1:], chunk + 1)
    except AlinkError:
        pass  # The documented end of a hostile peer.
    del world.lines[:]
    if world.lost:
        raise world.lost.pop()
    return clock.allowed - clock.left, result


def read(count):
    data = sys.stdin.buffer.read(count)
    if len(data) < count:
        sys.exit(0)
    return data


def batch(world, door):
    """Read and feed a batch; return largest number of steps, last result, None or the failure."""
    most, result, failed = 0, None, None
    (count,) = struct.unpack(">H", read(2))
    for number in range(count):
        (size,) = struct.unpack(">I", read(4))
        data = read(size)
        if failed:
            continue
        try:
            steps, result = feed(world, door, data)
            most = max(most, steps)
        except BaseException as error:
            text = io.StringIO()
            sys.print_exception(error, text)
            failed = number, text.getvalue()
    return most, result, failed


def main(door):
    world = World()
    print("ready")
    while True:
        steps, result, failed = batch(world, door)
        if result is not None:
            result = hexlify(result).decode()
        gc.collect()
        used = gc.mem_alloc()
        print(json.dumps({"steps": steps, "used": used, "failed": failed, "result": result}))


main(*sys.argv[1:])
