"""The device shadow: what the cloud keeps of a device's state while it is away.

docs/reference/protocol.md, "Shadow". An update must name a version above the stored one. This
class keeps count; after a conflict (409) it asks for the version and tries again. Reports of an
offline device wait for the next session, with the newest value of each attribute. The device asks
for values that were desired meanwhile as the session begins.
"""

import json

from micropython import const

from . import heap
from .errors import TransportError

compact = heap.load("envelope", True).compact

_TRIES = const(3)  # Conflicts that an update may meet: the cloud may be writing too.


class Shadow:
    """One device's shadow. `version` is the last one known."""

    def __init__(self, device, on_desired=None, on_reply=None):
        """`on_desired(values)` gets the desired values: apply them, then call `report`.

        `on_reply(error, version)` tells how an update ended: error is None, or "409" and the like.
        """
        self._device = device
        self._on_desired = on_desired
        self._on_reply = on_reply
        self._updates = []  # The first may be on its way; its version is written when it leaves.
        self._conflicts = 0  # Conflicts that the first update has met.
        self._asked = False  # Whether the first update waits for the version.
        self._told = False  # Whether the desired values of the next reply are known already.
        self.version = 0
        identity = "%s/%s" % (device.product_key, device.device_name)
        self._topic = "/shadow/update/" + identity
        device.subscribe("/shadow/get/" + identity, self._take)
        device.when_online(self._begin)

    def get(self):
        """Ask for the whole shadow; `on_desired` is called if something is desired in it."""
        self._send({"method": "get"})

    def report(self, values, fulfilled=False):
        """Report attributes; `fulfilled` clears the desired values, because they are done.

        Raises TypeError or ValueError for what JSON cannot hold.
        """
        heap.call("values", "check", "shadow", values)
        state = {"reported": values}
        if fulfilled:
            state["desired"] = "null"
        self._change("update", state)

    def delete(self, names=None):
        """Delete attributes by name, or everything that was reported."""
        values = "null"
        if names is not None:
            values = {}
            for name in names:
                values[name] = "null"
        self._change("delete", {"reported": values})

    def _begin(self):
        # An answer from a session that has ended will never come; a newer version may be there.
        self._told = False
        self._asked = bool(self._updates)
        if self._asked or self._on_desired:
            self.get()

    def _change(self, method, state):
        online = self._device.online()
        if not self._joins(method, state, 1 if online else 0):
            self._updates.append({"method": method, "state": state})
            if online and len(self._updates) == 1:
                self._try()

    def _joins(self, method, state, on_their_way):
        # Returns whether the last update that has not left yet takes these values up.
        if method != "update" or len(self._updates) <= on_their_way:
            return False
        last = self._updates[-1]
        if last["method"] != method:
            return False
        values = dict(last["state"]["reported"])
        values.update(state["reported"])
        last["state"].update(state)
        last["state"]["reported"] = values
        return True

    def _try(self):
        self._asked = False
        self._updates[0]["version"] = self.version + 1
        try:
            self._send(self._updates[0])
        except TransportError:
            pass  # The next session tries again.

    def _send(self, body):
        self._device.publish(self._topic, compact(body))

    def _take(self, topic, payload):
        body = json.loads(payload)
        told = body["payload"]
        if told["status"] != "success":
            self._refused(str(told["content"]["errorcode"]))
            return
        self.version = body.get("version", told.get("version", self.version))
        if "state" not in told:
            self._done(None)
            return
        known, self._told = self._told, False
        if self._asked and self._updates:
            self._try()
        desired = told["state"].get("desired")
        if desired and self._on_desired and not known:
            self._on_desired(desired)

    def _refused(self, code):
        if code == "409" and self._updates and self._conflicts < _TRIES:
            self._conflicts += 1
            self._asked = self._told = True
            self.get()
        else:
            self._done(code)

    def _done(self, error):
        self._conflicts = 0
        if self._updates:
            self._updates.pop(0)
        if self._on_reply:
            self._on_reply(error, self.version)
        elif error:
            self._device._log("the shadow refused an update: %s" % error)
        if self._updates:
            self._try()
