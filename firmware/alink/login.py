"""The login of this board for another MQTT client, such as the umqtt.simple of a stock image.

docs/how-to/keep-your-umqtt-program.md. The SDK boots and registers the board. It opens no session:
the program does, with these fields.
"""

import sys

from . import heap
from .blocking import boot_of, finish


class Login:
    """The fields of a login: `from_flash()` makes it, `prepare()` sets its attributes.

    `host` (text) and `port`: the MQTT server. `client_id`, `user`, `password`: bytes. `ssl`: a TLS
    context that verifies this host. `product_key`, `device_name`: text, for topics.
    """

    @classmethod
    def from_flash(cls, **settings):
        """Return the login of the device whose certificate is burned on this board.

        The settings are those of `HttpChannel.from_flash` and securemode. Raises StoreError.
        """
        return heap.call("boot.identity", "load", cls, settings)

    def __init__(self, network=None, watchdog=None, securemode=None, log=print):
        """Call `from_flash` instead; see `Device()` for the settings."""
        self.product_key = self.device_name = self.host = ""
        self.port = 0
        self.client_id = self.user = self.password = b""
        self.ssl = None
        self.fields = {}
        self.network = network
        self.securemode = securemode
        self.feed = watchdog.feed if watchdog else None
        self._print = log or (lambda text: None)

    def prepare(self):
        """Join the network, set the clock, register if need be, sign a login; blocks.

        A password stays valid: call this again only to join the network again, or to sign with the
        time of that moment. Raises RefusedError when the platform refuses the registration,
        StoreError when flash does not keep the credential.
        """
        finish(self._prepare(), self.feed)

    def _prepare(self):
        boot = boot_of(self)
        (self.host, self.port), context, identity, _ = yield from boot.run()
        self.client_id, self.user, self.password = heap.call(
            "session.login_fields", "login", identity
        )
        self.ssl = _Context(context, self.host)
        # umqtt.simple before 1.4 imports `ussl` for TLS, and would verify nothing with another.
        sys.modules["ussl"] = self.ssl  # pyright: ignore[reportArgumentType]

    def _log(self, text):
        self._print("alink: " + text)


class _Context:
    # A TLS context for one host: a client that names none must not skip the check of the name.
    def __init__(self, context, host):
        self._context, self._host = context, host

    def wrap_socket(self, sock, **options):
        options["server_hostname"] = self._host
        return self._context.wrap_socket(sock, **options)
