"""The device shadow: what the cloud keeps of a device's state while it is away.

docs/protocol.md, section "Shadow". An update must name a version above the stored one: this class
keeps count, and where it has lost it (409) it asks and tries once more.
"""

import json

from .envelope import compact
from .errors import TransportError


class Shadow:
    """One device's shadow. `version` is the last one known."""

    def __init__(self, device, on_desired=None, on_reply=None):
        """`on_desired(values)` gets what the cloud wants: then do it, and call `report`.

        `on_reply(error, version)` tells how an update ended: error is None, or "409" and the like.
        """
        self._device = device
        self._on_desired = on_desired
        self._on_reply = on_reply
        self._updates = []  # The first is on its way; its version is written when it leaves.
        self._session = 0  # In which it left.
        self._asked = False  # For the version, after a conflict.
        self.version = 0
        identity = "%s/%s" % (device.product_key, device.device_name)
        self._topic = "/shadow/update/" + identity
        device.subscribe("/shadow/get/" + identity, self._take)

    def get(self):
        """Ask for the whole shadow; `on_desired` is called if something is desired in it."""
        self._send({"method": "get"})

    def report(self, values, fulfilled=False):
        """Report attributes; `fulfilled` clears what was desired, because it is done."""
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

    def _change(self, method, state):
        self._updates.append({"method": method, "state": state})
        # An answer from a session that has ended will never come.
        if len(self._updates) == 1 or self._session != self._device.online():
            self._asked = False
            self._try()

    def _try(self):
        self._session = self._device.online()
        self._updates[0]["version"] = self.version + 1
        try:
            self._send(self._updates[0])
        except TransportError:
            self._updates.pop()  # What was never sent is the caller's to try again.
            raise

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
        if self._asked and self._updates:
            self._try()
        desired = told["state"].get("desired")
        if desired and self._on_desired:
            self._on_desired(desired)

    def _refused(self, code):
        if code == "409" and self._updates and not self._asked:
            self._asked = True
            self.get()
        else:
            self._done(code)

    def _done(self, error):
        self._asked = False
        if self._updates:
            self._updates.pop(0)
        if self._on_reply:
            self._on_reply(error, self.version)
        elif error:
            self._device._log("the shadow refused an update: %s" % error)
        if self._updates:
            self._try()
