"""Reports over HTTPS, without a session: for a board that sends now and then and hears nothing.

docs/reference/protocol.md, "HTTPS", "Data". Up only, devices with a DeviceSecret only. The token
is kept in RAM and renewed when the platform says so.
"""

from . import heap
from .blocking import boot_of, finish
from .errors import ProtocolError, RefusedError, StoreError, TransportError

envelope = heap.load("envelope", True)

_JSON = "Content-Type: application/json\r\n"
_MESSAGE = "Content-Type: application/octet-stream\r\npassword: %s\r\n"
_MOST = 131072
_RENEW = (20001, 20003)  # The token has expired, or a platform that was restarted forgot it.


class HttpChannel:
    """The HTTPS channel of one device: `from_flash()` makes it, `connect()` readies it."""

    @classmethod
    def from_flash(cls, **settings):
        """Return the channel of the device that is burned on this board.

        The settings are network, watchdog and log of `Device()`, and those that replace burned
        fields, as in `Device.from_flash`. Raises StoreError.
        """
        return heap.call("boot.identity", "load", cls, settings)

    def __init__(self, network=None, watchdog=None, log=print):
        """Call `from_flash` instead; see `Device()` for the settings."""
        self.product_key = self.device_name = ""
        self.message_id = 0  # The platform's id of the last message.
        self.fields = {}
        self.network = network
        self.securemode = None
        self.feed = watchdog.feed if watchdog else None
        self._print = log or (lambda text: None)
        self._where = self._tls = None
        self._token = ""
        self._number = 0

    def connect(self):
        """Join the network, set the clock, register if need be; blocks.

        Raises RefusedError when the platform refuses the registration, StoreError when flash does
        not keep the credential, or it is a ClientID and DeviceToken, which cannot sign.
        """
        finish(self.connecting(), self.feed)

    def publish(self, topic, payload):
        """Send bytes on a topic ("user/update", or a whole one); return the platform's id of it.

        Blocks. Raises TransportError (a retry may help), RefusedError with the platform's code
        (40000: too often), ProtocolError, ValueError for more than 128 KB.
        """
        finish(self.publishing(topic, payload), self.feed)
        return self.message_id

    def post_properties(self, values):
        """Post {identifier: value}; see `publish`. The platform does not judge the values here."""
        self._number += 1
        body = envelope.request(self._number, "event/property/post", values, 0)
        return self.publish("thing/event/property/post", body)

    # The same as generators of the milliseconds to wait, for asyncio

    def connecting(self):
        """See `connect`."""
        fields = self.fields
        boot = boot_of(self)
        yield from boot.run()
        if not isinstance(fields.get("DeviceSecret"), bytes):
            raise StoreError(
                "the HTTPS channel signs with a DeviceSecret, and this board has a DeviceToken "
                "(method regnwl) or a key in an eFuse: register it by register or https"
            )
        if "InstanceId" in fields:
            host = fields["InstanceId"] + b".http.iothub.aliyuncs.com"
        else:
            host = b"iot-as-http.%s.aliyuncs.com" % fields.get("Region", b"cn-shanghai")
        self._where = heap.call("https.platform", "endpoint", fields, host)
        self._tls = heap.call("https.platform", "trust", fields, boot.tls, self._where[1])

    def publishing(self, topic, payload):
        """See `publish`; at the end, `message_id` is set."""
        from .topics import whole

        if len(payload) > _MOST:
            raise ValueError("%d bytes, HTTPS takes %d; send less at once" % (len(payload), _MOST))
        if self._where is None:
            raise TransportError("not connected; call connect() first")
        path = "/topic" + whole(topic, self.product_key, self.device_name).decode()
        fresh = not self._token
        while True:
            if not self._token:
                yield from self._log_in()
            answer = yield from self._ask(path, _MESSAGE % self._token, payload)
            code = answer["code"]
            if code in _RENEW and not fresh:
                self._token = ""
                fresh = True
                continue
            if code:
                raise self._refusal("message", answer)
            self.message_id = _info(answer, "messageId")
            return

    def _log_in(self):
        answer = yield from self._ask("/auth", _JSON, auth_body(self.fields))
        if answer["code"]:
            raise self._refusal("login", answer)
        self._token = _token(answer)

    def _ask(self, path, headers, body):
        return (
            yield from heap.call(
                "https.platform", "post", self._where, self._tls, self.feed, path, headers, body
            )
        )

    def _refusal(self, what, answer):
        code = answer["code"]
        then = "see the platform's log"
        if code == 40000:
            then = "send less often"
        elif code == 20000:
            then = "see in the console that the device is enabled and was not deleted"
        return RefusedError(
            code,
            "%s of %s/%s over HTTPS refused, code %d (%s): %s"
            % (what, self.product_key, self.device_name, code, answer.get("message"), then),
        )

    def _log(self, text):
        self._print("alink: " + text)


def _info(answer, name):
    try:
        return answer["info"][name]
    except (KeyError, TypeError):
        raise ProtocolError("the platform reports success but sends no %s" % name)


def _token(answer):
    # It enters the head of each request: a line end in it would begin another header.
    token = _info(answer, "token")
    if not isinstance(token, str) or not heap.call("https.url", "is_printable", token):
        raise ProtocolError("the platform sends a token that is not printable text")
    return token


def auth_body(fields):
    """Return the JSON that asks for a token, signed with the DeviceSecret.

    The platform takes a timestamp within 15 minutes of its clock, so none is sent without a clock.
    """
    timestamp = fields.get("Timestamp")
    if not timestamp and heap.call("utc", "is_set"):
        timestamp = heap.call("utc", "milliseconds")
    name, key = fields["DeviceName"], fields["ProductKey"]
    client = b"%s.%s" % (key, name)
    method = fields.get("SignMethod", b"hmacsha256")
    content = b"clientId%sdeviceName%sproductKey%s" % (client, name, key)
    members = {
        "productKey": key.decode(),
        "deviceName": name.decode(),
        "clientId": client.decode(),
        "signmethod": method.decode(),
    }
    if timestamp:
        content += b"timestamp" + timestamp
        members["timestamp"] = timestamp.decode()
    sign = heap.call("sign", "hmac", method, fields["DeviceSecret"], content)
    members["sign"] = sign.decode()
    return envelope.compact(members)
