"""A gateway: a device whose connection also carries sub-devices.

docs/how-to/gateway.md; docs/reference/protocol.md, "Sub-devices".

    gateway = Gateway.from_flash()
    meter = gateway.add("a1SubPk0001", "meter-17")
    meter.when_online(lambda: meter.post_properties({"power": 230}))
    gateway.loop()

Theory of operation

A sub-device is a slot: about twenty bytes of RAM in `roster` (stage, flags, mark of its name, when
it is due, why it was refused last), and a record of 128 bytes on flash in `storage` (its names and
its DeviceSecret). Its stage tells the known facts and the next request:

    stage        known facts                request if it is wanted      after success
    EMPTY        the slot is free           -                            -
    NAMED        its names                  register                     REGISTERED
    REGISTERED   its DeviceSecret           add to the topology          RELATED
    RELATED      it is in the topology      log in                       ONLINE
    ONLINE       it is logged in            none; log out if it is not   RELATED
                                            wanted any more
    LEAVING      it is to be deleted        delete from the topology     EMPTY

    flag         meaning
    wanted       the application wants it online
    solo         it goes in a separate request, because a batch with it was refused
    renewed      it was registered again already: once is enough
    rejoined     it was added to the topology again already
    parked       the console has disabled it: nothing is requested until it is enabled

One request is on its way at a time, for up to `batch` sub-devices of one stage:

    roster.next        which stage and slots are due
    request_table      the topic of a request and the shape of its bytes
    requests           sends it, waits 10 s for the reply
    secrets, replies   move each slot of the reply
    notifications      what the cloud says by itself: disabled, deleted, logged out, added

A refusal of a batch does not always name who was refused. Those that it names are refused; if it
names none, each goes alone next time, where the code is its own. A refused slot is due again after
15 s, then twice as long each time, up to an hour. A slot logs in at most five times in a minute.
A session of the gateway that ends sets ONLINE slots back to RELATED. If the heap is short for a
request or its reply, `batch` is halved.
"""

from time import ticks_ms

from micropython import const

from .. import heap
from .engine import Engine
from .roster import LEAVING
from .sub_device import SubDevice

__all__ = ("Gateway",)

_STAGES = const(("unknown", "named", "registered", "related", "online", "leaving"))


class Gateway(Engine):
    """A `Device` with sub-devices behind it. `Gateway.from_flash()` makes it; `batch` and `path`
    are settings beside those of `Device.from_flash`.

    `on_state(product_key, device_name, state, code)` is called when a sub-device changes its
    state: "online", "offline", "refused", "disabled", "enabled", "added" or "deleted". `code` is
    the platform's code, or 0 without one. `on_add(product_key, device_name)` is called when the
    cloud wants a sub-device added; the gateway adds it unless this returns False.
    """

    def __init__(self, batch=5, path="/alink.subs", **settings):
        """Call `from_flash` instead; it passes these settings on.

        Args:
            batch: sub-devices in a request, 1 to 50; halved when the heap runs short.
            path: two files on the vfs begin with it; they keep names and secrets of sub-devices.
            settings: those of `Device()`.
        """
        if not isinstance(batch, int) or not 1 <= batch <= 50:
            raise ValueError("batch is %r; allowed range is 1 to 50" % (batch,))
        super().__init__(batch, path, **settings)

    # Sub-devices

    def add(self, product_key, device_name, again=False):
        """Bring a sub-device online, registering it first if need be; return it.

        It is kept on flash. `again`: at once, whatever was refused before. Raises ValueError for
        a name that is not allowed.
        """
        now = ticks_ms()
        slot = self.slot(product_key, device_name)
        if slot is None:
            sub = heap.call("gateway.names", "checked", product_key, device_name)
            if sub not in self._new:
                self._new.append(sub)
                if len(self._new) >= self.batch:
                    self.keep_new()
        elif again or not self.roster.is_wanted(slot):
            self.roster.want(slot, now)
        self._next = now
        return SubDevice(self, product_key, device_name)

    def sub_device(self, product_key, device_name):
        """Return a sub-device, online or not; "+" for all of a product, one handler for all."""
        for sub in self.held:
            if (sub.product_key, sub.device_name) == (product_key, device_name):
                return sub
        return SubDevice(self, product_key, device_name)

    def drop(self, product_key, device_name):
        """Log a sub-device out; its names and secret stay on flash."""
        self._leave(product_key, device_name, None)

    def forget(self, product_key, device_name):
        """Take a sub-device out of the topology and off the flash."""
        self._leave(product_key, device_name, LEAVING)

    def known(self):
        """Yield (ProductKey, DeviceName) of all that are on flash."""
        for _, sub in self.open().read():
            yield sub[0].decode(), sub[1].decode()

    def status(self, product_key, device_name):
        """Return "unknown", "named", "registered", "related", "online" or "leaving" (see the table
        of stages in this module), and the code of its last refusal, 0 if it was not refused.
        """
        slot = self.slot(product_key, device_name)
        if slot is None:
            return _STAGES[0], 0
        return _STAGES[self.roster.stage(slot)], self.roster.code(slot)

    # Topology

    def found(self, names, on_reply=None):
        """Report [(ProductKey, DeviceName), ...] seen on the bus, for the cloud to add."""
        params = [{"productKey": key, "deviceName": name} for key, name in names]
        return self.request("list/found", params, 0, on_reply)

    def topology(self, on_reply):
        """Ask which sub-devices are this gateway's: data is [{"productKey", "deviceName"}, ...].

        About seventy fit in a `max_packet` of 4 KiB; for a longer reply the code is 0.
        """
        return self.request("topo/get", {}, 0, on_reply)

    # Helpers

    def _leave(self, product_key, device_name, stage):
        slot = self.slot(product_key, device_name)
        if slot is None:
            sub = product_key.encode(), device_name.encode()
            self._new = [one for one in self._new if one != sub]
        else:
            self._next = ticks_ms()
            self.roster.leave(slot, self._next, stage)
