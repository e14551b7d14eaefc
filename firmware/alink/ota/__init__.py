"""Updates over the air: tell the version, take an offer, and judge what a restart has shown.

docs/how-to/update-over-the-air.md; docs/reference/protocol.md, "OTA".

    ota = Ota(device, "1.0.0")
    device.connect()
    device.loop()

Theory of operation

An `Ota` is a small machine that stays in the heap; `offer`, `update` and `trial` are loaded for
one step each. Only the version that the device reports makes an update a success, so the machine
always begins with a report, and takes no offer before it:

    stage           what is open                               left when
    REPORT          the running version is not reported        its PUBACK came → JUDGE
    JUDGE           the last update is not judged              `trial.judge` ran, in the next turn:
                                                               the version that was put in place
                                                               runs → READY; another → TELL_FAILURE
    TELL_FAILURE    the platform does not know the failure     the PUBACK of "-1" came, or a new
                                                               session began → JUDGE
    READY           nothing: offers are taken                  `report` of another version → REPORT

An offer that comes before READY is held, and taken by `judge`. Beside the stage three values tell
of an update:

    offer       the offer that is wanted, None without one
    work        the generator of `update.run` while a file is fetched and checked
    installed   the version that is in place and waits for a restart

What survives a reset is on flash alone: the version that was put in place (NVS, `trial.remember`),
and the state of the slot in `otadata`, which belongs to the boot loader. A new image runs on
trial: a session in which it reports confirms it (`slot.confirm`, before the report); after 10
minutes without one, or a reset, the boot loader starts the image before it. Power cuts:

    cut while                       then runs          the platform learns
    fetching, writing the slot      the old image      nothing; it offers the update again
    between set_boot and reset      the new image      its version
    the new image is on trial       the old image      "-1" with both versions
    after the confirmation          the new image      its version

The 16 bytes at the head of an image are written last (`slot.finish`): before that no boot loader
takes the slot.
"""

import gc
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from .. import heap
from ..errors import TransportError, safely

_TRIAL_MS = const(600000)  # A new image that is not online by then goes back to the old one.


__all__ = ("Ota",)


class Ota:
    """The updates of one device, or of one module of it. Make it before `connect`."""

    # Values of `stage`; the table at the top of this file says what they mean.
    REPORT = 0
    JUDGE = 1
    TELL_FAILURE = 2
    READY = 3

    def __init__(
        self, device, version, module="", target=None, on_offer=None, on_ready=None, plain=False
    ):
        """Report the version that runs, and take updates from now on.

        Raises StoreError without a `target` if the partition table has no second slot, and
        TypeError for a version that is not text, or a target that cannot be one.

        Args:
            device: a `Device`, a `Gateway` or a sub-device.
            version: the version that runs now.
            module: an OTA module of the console; "" is the device itself.
            target: where an update goes: None is the other application slot; or a
                `file_target.File`, or your own, see docs/how-to/update-over-the-air.md, "A target
                of your own".
            on_offer: `on_offer(version, size, ext)` returns "now", "later" (`start` begins it) or
                "refuse"; `ext` has the tags of the batch. Without it every update begins at once.
            on_ready: `on_ready(version)` is called when an update is in place; without it the
                board resets into a new image.
            plain: take an http:// address too.
        """
        if not isinstance(version, str) or (target and not hasattr(target, "begin")):
            heap.call("wrong_arguments", "refuse_update", version, target)
        self.device, self.version, self.module = device, version, module
        self.carrier = getattr(device, "gateway", device)
        self.target, self.plain = target, plain
        self.on_offer, self.on_ready = on_offer, on_ready
        self.offer = None  # The one that is wanted, as the platform sent it.
        self.held = None  # The one that came before the last was judged.
        self.installed = ""  # The version that is in place and does not run yet.
        self.stage = self.REPORT
        self.work = None  # The generator of an update.
        self._number = 0
        self._due = ticks_ms()
        self._steps = False  # Whether `_step` has its turns.
        self._until = None  # The end of this image's trial.
        if target is None and self._ask_slot("on_trial"):
            self._until = ticks_add(ticks_ms(), _TRIAL_MS)
            self.wake()
        # The handler of this topic so far takes the offers of another module.
        self.others = device.subscribe(self._topic("upgrade"), self._pushed)
        device.when_online(self._came)

    def report(self, version):
        """Tell that another version runs now: where an update needs no restart of the board."""
        self.version = version
        if version == self.installed:
            self.installed = ""
        self.stage = self.REPORT
        self._came()

    def ask(self):
        """Ask for an update; it is offered in the same way as a pushed one."""
        params = {"module": self.module} if self.module else {}
        self.device.request("ota/firmware/get", params, 0, self._answered)

    def start(self):
        """Begin the update that was put off."""
        if self.offer and not self.work and not self.installed:
            gc.collect()  # The next allocations should lie together.
            self.work = heap.call("ota.update", "run", self)
            self.wake()

    # What `offer`, `update` and `trial` call

    def wake(self):
        """Continue at once, without the rest of the wait."""
        self._due = ticks_ms()
        if not self._steps:
            self._steps = True
            self.carrier.beside(self._step)

    def judge_soon(self):
        """Have `trial.judge` run in the next turn."""
        self.stage = self.JUDGE
        self.wake()

    def tell(self, what, params, on_done=None):
        """Send a version ("inform") or a "progress"; with `on_done` at QoS 1."""
        compact = heap.load("envelope", True).compact
        self._number += 1
        if self.module:
            params["module"] = self.module
        body = compact({"id": str(self._number), "params": params})
        try:
            self.device.publish(self._topic(what), body, 1 if on_done else 0, on_done)
        except (TransportError, MemoryError):
            pass  # The next session sends important messages again.

    def progress(self, step, text="", on_done=None):
        """Tell the platform: 1..100 percent, or -1 failed, -2 download, -3 digest, -4 flash."""
        self.tell("progress", {"step": str(step), "desc": text[:100]}, on_done)

    def safely(self, function, *arguments):
        """Call a function for this update; see `errors.safely`."""
        return safely(self.device._log, "an update", function, *arguments)

    def reset(self):
        """Restart the board."""
        import machine

        machine.reset()

    # Helpers

    def _step(self):
        now = ticks_ms()
        if self.stage == self.JUDGE:
            self.stage = self.READY  # `judge` may find otherwise.
            self.safely(self._judge)
        if self._until is not None:
            self.safely(self._came)  # Confirmed late, where heap was short as the session began.
        if self._until is not None and ticks_diff(self._until, now) <= 0:
            self.device._log(
                "this image was not online within 10 minutes: resetting to the previous image"
            )
            self.reset()
        if not self.work:
            if self._until is not None:
                return ticks_diff(self._until, now)
            self._steps = False
            return None
        left = ticks_diff(self._due, now)
        if left <= 0:
            left = self.safely(next, self.work, None)
            if left is None:
                self.work, left = None, 0
                gc.collect()
            self._due = ticks_add(now, left)
        return left

    def _came(self):
        if self.device.online():
            if self.stage == self.REPORT:
                if self.target is None:
                    # First: what the platform counts as a success no cut of power takes back.
                    self._ask_slot("confirm")
                self._until = None
                self.tell("inform", {"version": self.version}, self._told)
            elif self.stage == self.TELL_FAILURE:
                self.judge_soon()

    def _told(self, acknowledged):
        if acknowledged and self.stage == self.REPORT:
            self.judge_soon()

    def _judge(self):
        heap.call("ota.trial", "judge", self)

    def _pushed(self, topic, payload):
        heap.call("ota.offer", "pushed", self, topic, payload)

    def _answered(self, code, data, message):
        if code != 200 or not data:
            self.device._log("no update is offered: %d %s" % (code, message))
            return
        heap.call("ota.offer", "take", self, data)

    def _ask_slot(self, what):
        return getattr(heap.call("ota.slot", "Slot"), what)()

    def _topic(self, what):
        return "/ota/device/%s/%s/%s" % (what, self.device.product_key, self.device.device_name)
