"""A machine of HTTP requests beside MQTT sessions, by Hypothesis.

HTTPS registration, the cloud API and the administration of one platform, as their clients see
them: a model says which answer each request has, and the session of a device goes on meanwhile.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from alink_sim.platform.control import operations
from alink_sim.platform.control.server import ControlServer
from alink_sim.platform.openapi.actions import ACTIONS, VERSION
from tests.platform import http_requests
from tests.platform.wire import ACCEPTED, Party, refused, sign
from tests.reliability.documents import NAMES, VALUES
from tests.reliability.doors import PK, SECRET, Doors
from tests.reliability.http_exchange import (
    FORM,
    FRAMINGS,
    Framing,
    Response,
    exchange,
    pester,
    request,
)
from tests.reliability.sessions import SessionMachine

HTTPS, OPENAPI, OTA = range(3)  # The HTTP ports of a platform.
ADMIN = 3
BOARD = "board-1"
KEY = "the-key"

_SIGNED = ("", "", "", "sign", "random", "method", "product")  # The wrong part of a registration.
_WAIT = ("RRpc", "InvokeThingService", "cloud.rrpc", "cloud.call_service_sync")  # For a device.
# Operations on the life of a board.
_LIVES = ("add_device", "remove_device", "reset_device", "enable_device", "disable_device")
_OPERATIONS = sorted(set(operations.OPERATIONS) - {*_WAIT, "access_key", "faults.add_tables"})
_HEADERS = st.dictionaries(
    st.one_of(
        st.sampled_from(
            [
                "Content-Length",
                "Transfer-Encoding",
                "Content-Type",
                "Content-Encoding",
                "Expect",
                "Connection",
                "Upgrade",
                "Range",
                "Authorization",
                "Cookie",
                "Accept",
                "If-None-Match",
            ]
        ),
        st.text(st.characters(max_codepoint=255), max_size=8),
    ),
    st.one_of(
        st.sampled_from(
            [
                "0",
                "-1",
                "9" * 30,
                "chunked",
                "gzip",
                "identity",
                "100-continue",
                "close",
                "keep-alive",
                "websocket",
                "bytes=0-",
                "bytes=9-1,-",
                FORM,
                "multipart/form-data; boundary=b",
                "application/json; charset=utf-7",
                "Bearer x",
                "\x80",
                "ACS3-HMAC-SHA256 Credential=a,SignedHeaders=b,Signature=c",
            ]
        ),
        st.text(st.characters(max_codepoint=255), max_size=20),
    ),
    max_size=4,
)
_PATHS = st.one_of(
    st.sampled_from(
        [
            "/",
            "*",
            "/auth",
            "/auth/register/device",
            f"/topic/{PK}/dev-1/user/update?at_least_once=1",
            "/topic/%ff%00/../..",
            "/?Action=QueryDevice&Format=XML",
            "/?Signature=%ff&Expires=1&OSSAccessKeyId=x",
            "http://h:99999/auth",
            "/%",
        ]
    ),
    st.text(st.characters(max_codepoint=255), max_size=20).map(lambda text: f"/{text}"),
)


@dataclass
class Board:
    """A device as this machine's model knows it."""

    exists: bool = True
    enabled: bool = True
    registered: bool = False


class PortsMachine(SessionMachine):
    """Requests at the HTTP ports of a platform, beside the session of a device."""

    _nonces: ClassVar = itertools.count()

    def __init__(self, doors: Doors, count: Any) -> None:
        super().__init__(doors, count)
        self.is_on = True  # Dynamic Registration of the product.
        self.board = Board()
        self._control = ControlServer(self.platform, key=KEY)
        self.platform._runner.run(self._control.start())

    @initialize()
    def set_up(self) -> None:
        console = self.platform.console
        console.set_dynamic_registration(PK, on=True)
        console.create_product(key="subs", secret="Pr0dSecretAbCdEg")
        existing = {(one.product_key, one.name) for one in console.devices()}
        for key, name in (("subs", "sub-1"), (PK, BOARD)):
            if (key, name) in existing:
                console.remove_device(key, name)
            console.add_device(key, name, secret=SECRET)

    def teardown(self) -> None:
        self.platform.faults.clear()
        self.platform._runner.run(self._control.stop())
        super().teardown()

    # Registration over HTTPS, and the login with what it returns

    @rule(
        wanted=st.lists(
            st.tuples(st.sampled_from((BOARD, "stranger")), st.sampled_from(_SIGNED)),
            min_size=1,
            max_size=3,
        ),
        framing=FRAMINGS,
    )
    def register(self, wanted: list[tuple[str, str]], framing: Framing) -> None:
        """Register boards, with one request after the other on one connection."""
        sent = b"".join(
            request(
                "POST",
                "/auth/register/device",
                {"Content-Type": FORM},
                self._registration(name, wrong),
                framing,
            )
            for name, wrong in wanted
        )
        found = self._exchange(HTTPS, sent, expected=len(wanted))
        for (name, wrong), response in zip(wanted, found, strict=True):
            assert response.status == 200
            body = json.loads(response.body)
            assert body["code"] == self._code(name, wrong), (name, wrong, body)
            if body["code"] == 200:
                assert body["data"]["deviceSecret"] == SECRET
            else:
                assert SECRET.encode() not in response.body

    @rule()
    def log_in(self) -> None:
        """Log in as the board: the first login ends its registration."""
        party = Party(self.platform.console.product(PK), BOARD, SECRET)
        connection, transport = self.connected()
        got = self.talk(connection, transport, party.log_in(), ends=True)
        if self.board.exists and self.board.enabled:
            assert got == ACCEPTED
            self.board.registered = True
        else:
            assert got == refused(4)

    # The administration

    @rule(does=st.sampled_from(_LIVES), framing=FRAMINGS)
    def manage(self, does: str, framing: Framing) -> None:
        """Do to the board what an operator does."""
        parameters = {"product_key": PK, "device_name": BOARD}
        if does == "add_device":
            parameters["secret"] = SECRET
        response = self._operate(f"console.{does}", parameters, framing)
        may = self.board.exists or does == "add_device"
        assert response.status == (200 if may else 400), response
        if not self.board.exists:
            self.board = Board(exists=may)
        elif does == "remove_device":
            self.board.exists = False
        elif does == "reset_device":
            self.board.registered = False
        elif does != "add_device":
            self.board.enabled = does == "enable_device"

    @rule(on=st.booleans(), framing=FRAMINGS)
    def switch(self, on: bool, framing: Framing) -> None:
        """Switch Dynamic Registration of the product."""
        parameters = {"product_key": PK, "on": on}
        assert self._operate("console.set_dynamic_registration", parameters, framing).status == 200
        self.is_on = on

    @rule(
        operation=st.sampled_from([*_OPERATIONS, "console.nothing"]),
        named=st.sampled_from(({}, {"product_key": "subs"}, {"product_key": "nobody"})),
        parameters=st.one_of(st.dictionaries(NAMES, VALUES, max_size=4), VALUES),
        key=st.sampled_from((KEY, KEY, KEY, "another", "")),
        framing=FRAMINGS,
    )
    def operate(
        self,
        operation: str,
        named: dict[str, Any],
        parameters: Any,
        key: str,
        framing: Framing,
    ) -> None:
        """Ask for an operation with parameters that may not be its own."""
        if isinstance(parameters, dict):
            parameters = {**parameters, "device_name": "sub-1", **named}
        response = self._operate(operation, parameters, framing, key=key)
        if key != KEY:
            assert response.status == 401
        elif operation == "console.nothing":
            assert response.status == 404
        else:
            assert response.status in (200, 400), response
        if response.status != 200:
            assert json.loads(response.body)["error"]

    # The cloud API

    @rule(
        action=st.sampled_from(sorted(set(ACTIONS) - set(_WAIT))),
        parameters=st.dictionaries(
            st.sampled_from(("Items", "Props", "PageSize", "Asc", "Identifier", "JobId", "Name")),
            VALUES.map(json.dumps),
            max_size=4,
        ),
        method=st.sampled_from(("GET", "POST")),
        by_headers=st.booleans(),
        wrong=st.sampled_from(("", "", "signature", "nonce", "key")),
        framing=FRAMINGS,
    )
    def call(
        self,
        action: str,
        parameters: dict[str, str],
        method: str,
        by_headers: bool,
        wrong: str,
        framing: Framing,
    ) -> None:
        """Call the cloud API, with either signature."""
        parameters = {"ProductKey": "subs", "DeviceName": "sub-1", **parameters}
        signed = self._by_headers if by_headers else self._by_parameters
        sent = signed(action, parameters, method, wrong, framing)
        times = 2 if wrong == "nonce" else 1
        response = self._exchange(OPENAPI, sent * times, expected=times)[-1]
        body = json.loads(response.body)
        code = body["Code"]
        assert body["RequestId"]
        if wrong:
            refusals = {
                "signature": "SignatureDoesNotMatch",
                "nonce": "SignatureNonceUsed",
                "key": "InvalidAccessKeyId.NotFound",
            }
            assert (response.status // 100, code) == (4, refusals[wrong])
        elif response.status == 200:
            assert body["Success"] is not bool(code)
            assert code != "iot.system.SystemException", body
        else:
            assert response.status == 400, response
            assert code, response

    # Anything

    @rule(
        port=st.sampled_from((HTTPS, OPENAPI, OTA, ADMIN)),
        method=st.one_of(
            st.sampled_from(("GET", "POST", "HEAD", "PUT", "OPTIONS", "CONNECT", "PRI")),
            st.text(st.characters(max_codepoint=255), min_size=1, max_size=6),
        ),
        path=_PATHS,
        headers=_HEADERS,
        body=st.binary(max_size=60),
        framing=FRAMINGS,
    )
    def pester(
        self,
        port: int,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        framing: Framing,
    ) -> None:
        """Send what looks like a request: every response is a refusal or a documented one."""
        self.counted()
        data = request(method, path, headers, body, framing)
        found = self.platform._runner.run(
            pester(self._served(port), data, self.pieces, has_body=method != "HEAD")
        )
        for response in found:
            assert 200 <= response.status < 500, response

    # Requests

    def _registration(self, name: str, wrong: str) -> bytes:
        if wrong == "sign":
            return http_requests.form(PK, name, "another")
        if wrong == "random":
            return http_requests.form(PK, name, "Pr0dSecretAbCdEf", random="")
        if wrong == "method":
            return http_requests.form(PK, name, "Pr0dSecretAbCdEf", signMethod="hmacmd4")
        if wrong == "product":
            return http_requests.form("nobody", name, "Pr0dSecretAbCdEf")
        return http_requests.form(PK, name, "Pr0dSecretAbCdEf")

    def _code(self, name: str, wrong: str) -> int:
        """Return the code that a registration gets: the first check that it fails, or 200."""
        if wrong:
            return {"random": 460, "method": 6292, "product": 6250, "sign": 6600}[wrong]
        board = self.board if name == BOARD else Board(exists=False)
        checks = (
            (self.is_on, 6288),
            (board.exists, 6100),
            (board.enabled, 6204),
            (not board.registered, 6289),
        )
        return next((code for passes, code in checks if not passes), 200)

    def _operate(
        self, operation: str, parameters: Any, framing: Framing, *, key: str = KEY
    ) -> Response:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        body = json.dumps(parameters).encode()
        sent = request("POST", f"/{operation}", headers, body, framing)
        return self._exchange(ADMIN, sent, expected=1)[0]

    def _exchange(self, port: int, sent: bytes, *, expected: int) -> list[Response]:
        self.counted()
        return self.platform._runner.run(
            exchange(self._served(port), sent, self.pieces, expected=expected)
        )

    def _served(self, port: int) -> Any:
        return self._control._connection() if port == ADMIN else self.doors.served(port)

    def _by_parameters(
        self, action: str, given: dict[str, str], method: str, wrong: str, framing: Framing
    ) -> bytes:
        """Return a call that is signed by version 1.0."""
        key = self.platform.access_key
        given = {
            **given,
            "AccessKeyId": "another" if wrong == "key" else key.id,
            "Action": action,
            "Format": "JSON",
            "SignatureMethod": "HMAC-SHA1",
            "SignatureNonce": f"n{next(self._nonces)}",
            "SignatureVersion": "1.0",
            "Timestamp": "2026-11-30T00:00:00Z",
            "Version": VERSION,
        }
        content = f"{method}&%2F&{quote(_canonical(given), safe='~')}"
        secret = "another" if wrong == "signature" else key.secret
        digest = hmac.digest(f"{secret}&".encode(), content.encode(), "sha1")
        query = urlencode({**given, "Signature": base64.b64encode(digest).decode()})
        if method == "GET":
            return request("GET", f"/?{query}", {}, b"", framing)
        return request("POST", "/", {"Content-Type": FORM}, query.encode(), framing)

    def _by_headers(
        self, action: str, given: dict[str, str], method: str, wrong: str, framing: Framing
    ) -> bytes:
        """Return a call that is signed by ACS3-HMAC-SHA256."""
        key = self.platform.access_key
        headers = {
            "x-acs-action": action,
            "x-acs-date": "2026-11-30T00:00:00Z",
            "x-acs-signature-nonce": f"n{next(self._nonces)}",
            "x-acs-version": VERSION,
        }
        names = ";".join(("host", *headers))
        lines = "host:h\n" + "".join(f"{name}:{value}\n" for name, value in headers.items())
        digest = hashlib.sha256(b"").hexdigest()
        asked = "\n".join((method, "/", _canonical(given), lines, names, digest))
        content = f"ACS3-HMAC-SHA256\n{hashlib.sha256(asked.encode()).hexdigest()}"
        proof = sign("another" if wrong == "signature" else key.secret, content)
        headers["Authorization"] = (
            f"ACS3-HMAC-SHA256 Credential={'another' if wrong == 'key' else key.id},"
            f"SignedHeaders={names},Signature={proof}"
        )
        headers["Accept"] = "application/json"
        return request(method, f"/?{_canonical(given)}", headers, b"", framing)


def _canonical(parameters: dict[str, str]) -> str:
    return "&".join(
        f"{quote(name, safe='~')}={quote(value, safe='~')}"
        for name, value in sorted(parameters.items())
    )
