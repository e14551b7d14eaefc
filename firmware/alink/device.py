"""The device: one engine, a blocking and an asyncio face.

A boot, one call a step, one file a call:

    boot/identity.py → boot/boot.py (network.py, registration.py, connect_fields.py)
    → session/log_in.py → session/session.py

A module that a boot needs only once is loaded for that moment (`heap`) and dropped before the
session. So the first heap area of an ESP32, 56 KiB, never has to grow before a TLS handshake.
"""

import gc
import time

from micropython import const

from . import heap
from .errors import AlinkError, RefusedError
from .messages import Messages

_SLICE_MS = const(200)
_SHORT_MS = const(10000)  # Until heap that was short may be free again.
_LONGEST_MS = const(4500000)  # A longer wait is a tick count that wrapped.


class Device(Messages):
    """One device of a product line: `from_flash()` makes it, `connect()` brings it online."""

    @classmethod
    def from_flash(cls, **settings):
        """Return the device whose certificate is burned on this board.

        docs/reference/device-settings.md lists the settings. Raises StoreError naming the burned
        field that is missing or wrong, TypeError or ValueError naming the setting.
        """
        model = settings.pop("thing", None)
        device = heap.call("boot.identity", "load", cls, settings)
        gc.collect()  # Here: deeper in a boot, stale pointers on the stack would keep it.
        if model:
            from .thing import Thing

            device.thing = Thing(device, model)
        return device

    def __init__(
        self,
        keepalive=300,
        max_packet=4096,
        securemode=None,
        policy="retry",
        network=None,
        watchdog=None,
        log=print,
    ):
        """Call `from_flash` instead; it passes these settings on.

        Args:
            keepalive: seconds, 30 to 1200.
            max_packet: bytes of the longest message that is received; it takes twice that of heap.
            securemode: replaces the one of the registration, 2 or -2.
            policy: what a refused login leads to: "retry" (30 s to 1 h apart), "reregister" (erase
                the credential and reset the board) or "stop" (raise).
            network: a callable that returns whether the network is up, in place of Wi-Fi.
            watchdog: a `machine.WDT`, fed while anything here waits.
            log: a callable that takes a text line; None is silent.
        """
        super().__init__()
        self.keepalive = keepalive
        self.max_packet = max_packet
        self.securemode = securemode
        self.policy = policy
        self.network = network
        self.feed = watchdog.feed if watchdog else None
        self.print = log
        self.fields = {}  # The identity, until a boot makes a login from it.
        self._way = None  # The result of a boot, until the session takes it.
        self._private = False  # Whether the platform's root was burned, or set.
        self._beside = ()  # No list: few programs have one.
        self._engine = self._live()
        self.due = time.ticks_ms()  # The engine's next step, while there is no session.

    # The blocking face

    def connect(self):
        """Become online: join the network, set the clock, register if need be, log in.

        Blocks, and tries again for as long as a retry may help. Raises RefusedError when the
        platform refuses the registration (or the login, under policy "stop"), StoreError when
        flash does not keep the credential.
        """
        gc.collect()  # From up here: a frame deeper, old words on the stack keep what has ended.
        while not self.online():
            wait = self._step()
            if not self.online():  # Else nothing may ever come to end the wait.
                self._idle(wait)

    def poll(self, ms=0):
        """Serve the session for `ms` milliseconds; reconnects by itself."""
        end = time.ticks_add(time.ticks_ms(), ms)
        while True:
            wait = self._step()
            left = time.ticks_diff(end, time.ticks_ms())
            if left <= 0:
                return
            self._idle(min(wait, left))

    def loop(self):
        """Serve the session for ever.

        Nothing that a peer sends, and no shortage of heap, ends it. Raises RefusedError when the
        platform refuses the registration (or the login, under policy "stop"), StoreError when
        flash does not keep the credential, KeyboardInterrupt at Ctrl-C, and what the application's
        `network` raises. `connect`, `poll` and `loop` can be called again after each.
        """
        while True:
            self._idle(self._step())

    def close(self):
        """Leave the platform in good order; `connect` logs in again."""
        if self._link:
            self._link.close()

    def sleep(self, ms):
        """Leave the platform in good order and sleep deeply for `ms`; see `sleep.sleep`."""
        from .sleep import sleep

        sleep(self, ms)

    def beside(self, step):
        """Call `step()` again and again while the device is served, online or not.

        `step` returns the milliseconds that it can wait for its next call, None to end, and does
        not raise.
        """
        self._beside = list(self._beside) + [step]

    # The asyncio face

    async def run(self):
        """Become online and serve for ever, beside other tasks; canceling closes cleanly.

        Nothing blocks the event loop longer than a connect (DNS, TCP, TLS handshake).
        """
        from .tasks import run

        await run(self)

    # The engine: a generator of the milliseconds to wait

    def _live(self):
        while True:
            usual = gc.threshold()
            try:
                if self._link is None or self.fields or self._way:
                    gc.threshold(2048)  # Modules come and go: keep the rest compact.
                    yield from heap.call("boot.boot", "start", self)
                    gc.collect()
            finally:
                gc.threshold(usual)
            try:
                while True:
                    if self.network and not self.online() and not self.network():
                        yield _SLICE_MS
                    else:
                        yield self._link.step()  # pyright: ignore[reportAttributeAccessIssue]
            except RefusedError as error:
                if heap.call("boot.policy", "refused", error, self.policy, self._log):
                    self._link = None
                    heap.resident.clear()
                gc.collect()
                yield 0

    # Helpers

    def _step(self):
        # The engine's waits are moments: a caller that comes back sooner changes none of them.
        wait = time.ticks_diff(self.due, time.ticks_ms())
        if self.online() or not 0 < wait <= _LONGEST_MS:
            engine, self._engine = self._engine, None
            if engine is None:
                raise RuntimeError("call poll() outside of handlers")
            try:
                wait = next(engine)
                self._engine = engine
            except BaseException as error:
                # Any error ends the engine. A new one is needed, because the application may
                # mend the cause, or a person press Ctrl-C, and call again.
                if self._link:
                    self._link.discard()
                self._engine = self._live()
                if not isinstance(error, MemoryError):
                    if isinstance(error, AlinkError):
                        self._log(str(error))
                    raise
                gc.collect()
                wait = _SHORT_MS
                self._log("heap is short; next try in %d s" % (_SHORT_MS // 1000))
            self.due = time.ticks_ms()
            if not self.online():
                self.due = time.ticks_add(self.due, wait)
                if self._calls:
                    self._calls.fail()
                if not wait:
                    gc.collect()  # A stop of the boot is done; the stack holds nothing of it here.
        if self._beside and self.feed:
            self.feed()  # With no time left to wait nothing else does.
        for step in list(self._beside):
            left = step()
            if left is None:
                self._beside.remove(step)  # pyright: ignore[reportAttributeAccessIssue]
            else:
                wait = min(wait, left)
        return wait

    def _idle(self, ms):
        if self.online():
            self._link.wait(ms)  # pyright: ignore[reportAttributeAccessIssue]
            return
        end = time.ticks_add(time.ticks_ms(), ms)
        while ms > 0:
            if self.feed:
                self.feed()
                ms = min(ms, 1000)
            time.sleep_ms(ms)
            ms = time.ticks_diff(end, time.ticks_ms())

    def _log(self, text):
        if self.print:
            self.print("alink: " + text)
