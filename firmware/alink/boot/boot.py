"""The sequence of a boot, from an identity to the fields of a login.

Each stop is one `heap.call`; the package is dropped whole before the session begins.
"""

from .. import heap


def start(device):
    """Boot a `Device` and make its session; yield the milliseconds to wait.

    If its session had ended by the policy, the credential is erased instead, and the board resets.
    Raises what `Boot.run` and `policy.reset` do. After a MemoryError, call it again.
    """
    if heap.resident.get("device", device) is not device:
        # This one would register again, or end the session of the first.
        raise RuntimeError("this program has another Device; call connect() on that one again")
    heap.resident["device"] = device  # The one that boots or is online.
    try:
        if device.fields:
            device._private = "Ca" in device.fields
            device._way = yield from Boot(device).run()
            device.fields = None
    finally:
        if device._way is None and device._link is None:
            heap.resident.pop("device", None)
    if device._way is None:
        # As the policy wants; a try may fail.
        heap.call("boot.policy", "reset", device.fields, device._log)
    if device._link is None:
        device._link = heap.load("session.session", True).Session(device._way, device)
    device._way = None


class Boot:
    """The state that the steps of a boot share."""

    def __init__(self, device):
        """`device` is a `Device` or an `HttpChannel` that `identity.load` made.

        A credential is added to its fields if they have none.
        """
        self.fields = device.fields
        self.network = device.network
        self.feed = device.feed
        self.securemode = device.securemode
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
        yield 0  # The caller collects: here stale pointers of the steps are still on the stack.
        if registers:
            yield from self.register()
            yield 0
        identity = heap.call("session.login_fields", "keep", self.fields)
        return self.endpoint, self.tls, identity, self.fields.get("NtpHost")

    def register(self):
        made, connection = yield from heap.call("boot.registration", "register", self)
        try:
            yield 0  # The caller collects: to store the credential takes all the heap there is.
            heap.call("boot.store", "keep", self, made, connection)
        finally:
            if connection:
                connection.close()
