# An ESP32 with two application slots, a device that is online, and a server of files.
import sys

import fakes
import online

SLOT = 0x8000  # Bytes of each slot.
HEAD = b"\xe9\x02\x02\x00" + bytes(8) + b"\0\0" + bytes(10)


class _Partition:
    BOOT = 0
    RUNNING = 1
    TYPE_APP = 0
    TYPE_DATA = 1
    chip = None

    def __init__(self, which, offset=None, size=SLOT):
        # Not given an offset: BOOT or RUNNING.
        self.offset = self.chip.running if offset is None else offset
        self.size = size

    @classmethod
    def find(cls, kind=0, subtype=255, label=None):
        return [cls("", 0xD000, 0x2000)] if cls.chip.slots and (kind, subtype) == (1, 0) else []

    def info(self):
        return 0, 16, self.offset, self.size, "", False

    def get_next_update(self):
        others = [at for at in self.chip.slots if at != self.offset]
        if not others:
            raise OSError(2)
        return _Partition("", others[0])

    def readblocks(self, block, buffer, offset=0):
        self.chip.flash.read(self.offset + block * 4096 + offset, buffer)

    def writeblocks(self, block, data, offset):
        if self.chip.worn:
            raise OSError(-261, "ESP_ERR_FLASH_OP_FAIL")
        self.chip.wrote.append((block, offset, len(data)))
        self.chip.flash.write(self.offset + block * 4096 + offset, data)

    def ioctl(self, op, block):
        assert op == 6, op
        self.chip.erased += 1
        self.chip.flash.erase(self.offset + block * 4096)

    def set_boot(self):
        if self.chip.refuses:
            raise OSError(-0x1503, "ESP_ERR_OTA_VALIDATE_FAILED")
        self.chip.boot = self.offset

    def mark_app_valid_cancel_rollback(self):
        self.chip.confirmed += 1


class Chip:
    """Installed as `esp32` and `machine`; runs the first of `slots` (offsets)."""

    def __init__(self, slots=(0x10000, 0x20000)):
        self.flash = fakes.Flash()
        self.nvs = {}
        self.slots = slots
        self.running = self.boot = slots[0] if slots else 0x10000
        self.worn = self.refuses = False
        self.erased = self.confirmed = self.resets = 0
        self.wrote = []
        self.flash.write(self.running, HEAD)
        self.Partition = _Partition
        self.NVS = fakes._Nvs
        _Partition.chip = fakes._Nvs.board = self
        sys.modules["esp32"] = sys.modules["machine"] = self
        fakes.forget("boot", "ota")

    def reset(self):
        self.resets += 1

    def on_trial(self):
        self.flash.write(0xD000, b"\x02\0\0\0" + b"\xff" * 20 + b"\x01\0\0\0" + bytes(4))

    def other(self, size):
        """Return the first `size` bytes of the slot that does not run."""
        buffer = bytearray(size)
        self.flash.read(self.slots[1], buffer)
        return bytes(buffer)


class Device(online.Device):
    """A device whose QoS 1 messages `acknowledge` acknowledges."""

    def __init__(self):
        super().__init__()
        self.steps = []
        self.waiting = []
        self.closed = self._private = False
        self.feed = None
        self._link.tls = "its own"
        self._link.publish, self._plainly = self._publish, self._link.publish

    def _publish(self, topic, payload, qos, on_done):
        self._plainly(topic, payload, qos, on_done)
        if on_done:
            self.waiting.append(on_done)

    def beside(self, step):
        self.steps.append(step)

    def close(self):
        self.closed = True

    def acknowledge(self, arrived=True):
        waiting, self.waiting = self.waiting, []
        for on_done in waiting:
            on_done(arrived)

    def step(self):
        """Run each step once; return the wait in ms, as `Device` does, at most one minute."""
        wait = 60000
        for step in list(self.steps):
            left = step()
            if left is None:
                self.steps.remove(step)
            else:
                wait = min(wait, left)
        return wait

    def topics(self, what):
        """The payloads that were sent on a topic with this in it."""
        return [payload for topic, payload, _ in self._link.sent if what in topic]

    def steps_told(self):
        """Return the step of each progress report."""
        return [part.split(b'"')[0].decode() for part in _after(self, b'"step":"')]

    def texts_told(self):
        return [
            part.split(b'"')[0].decode() for part in _after(self, b'"desc":"') if part[:1] != b'"'
        ]


def _after(device, mark):
    return [payload.split(mark)[1] for payload in device.topics("/progress/")]


class Server:
    """Answers each connection with the next of `answers`: bytes, or an error of the dial."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []
        self.dialled = []

    def __enter__(self):
        self._steps = fakes.Steps(dial=self.dial, context=list)
        self._steps.__enter__()
        return self

    def __exit__(self, *_):
        self._steps.__exit__()

    def dial(self, where, tls, feed):
        self.dialled.append((where, tls))
        answer = self.answers.pop(0)
        if not isinstance(answer, bytes):
            raise answer
        connection = fakes.Connection(answer)
        connection.sent = self.asked
        return connection


def whole(body):
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def rest(body, start):
    place = b"Content-Range: bytes %d-%d/%d\r\n" % (start, len(body) - 1, len(body))
    answer = whole(body[start:]).replace(b"200 OK", b"206 Partial Content")
    return answer.replace(b"\r\n", b"\r\n" + place, 1)
