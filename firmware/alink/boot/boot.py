"""The sequence of a boot, from an identity to the fields of a login.

Each stop is one `heap.call`; the package is dropped whole before the session begins.
"""

import sys

from .. import heap


def bring_up(device):
    """Boot a `Device` and make its session; yield the milliseconds to wait.

    If its session had ended by the policy, the credential is erased instead, and the board resets.
    Raises what `Boot.run` and `policy.start_over` do. After a MemoryError, call it again.
    """
    if device._fields:
        device._private = "Ca" in device._fields
        device._way = yield from Boot(device).run()
        device._fields = None
    if device._way is None:
        # As the policy wants; a try may fail.
        heap.call("boot.policy", "start_over", device._fields, device._log)
    if device._link is None:
        from ..session import session

        device._link = session.Session(
            device._way,
            device._keepalive,
            device.max_packet,
            device._routes,
            device._hooks,
            device._feed,
            device._log,
        )
    device._way = None


class Boot:
    """The state that the steps of a boot share."""

    def __init__(self, device):
        """`device` is a `Device` or an `HttpChannel` that `identity.load` made.

        A credential is added to its fields if they have none. Raises RuntimeError if it is the
        second `Device` of a program, also while the first one boots in another task.
        """
        # It would register again, or end the session of the first; an `HttpChannel` has none.
        if hasattr(device, "loop"):
            package = sys.modules["alink.boot"].__dict__  # It is dropped at the end of a boot.
            booting = package.get("device", device) is not device
            if booting or "alink.session.session" in sys.modules:
                raise RuntimeError(
                    "this program has another Device; call connect() on that one again"
                )
            package["device"] = device
        self.fields = device._fields
        self.network = device._network
        self.feed = device._feed
        self.securemode = device._securemode
        self.log = device._log
        self.endpoint = self.tls = None  # (host, port) of the MQTT server, the context for it.
        self.sent = False  # Whether the CONNECT of the last registration has left the board.

    def run(self):
        """Yield the milliseconds to wait, 0 after a stop; return what `Session.use` takes.

        Raises RefusedError if the platform refuses the registration, StoreError if it would, by
        its documents, or if the credential cannot be stored.
        """
        registers = "DeviceSecret" not in self.fields and "DeviceToken" not in self.fields
        if registers:
            heap.call("boot.settings", "registration", self.fields)
        yield from heap.call("boot.network", "prepare", self)
        heap.unload_steps("boot")
        heap.unload("session")
        yield 0  # The caller collects: here stale pointers of the steps are still on the stack.
        if registers:
            yield from self._register()
            heap.unload_steps("boot")
            yield 0
        identity = heap.call("session.login_fields", "keep", self.fields)
        return self.endpoint, self.tls, identity, self.fields.get("NtpHost")

    def _register(self):
        made, connection = yield from heap.call("boot.registration", "register", self)
        try:
            heap.unload("session")
            yield 0  # The caller collects: to store the credential takes all the heap there is.
            heap.call("boot.store", "keep", self, made, connection)
        finally:
            if connection:
                connection.close()
