"""The bucket with the files of packages, as in OSS: signed URLs that expire.

docs/reference/protocol.md, "OTA".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, unquote, urlencode

NAME = "iotx-ota"
_MOMENT = re.compile(r"[0-9]{1,20}")
MAX_SIZE = 1000 << 20


class ForbiddenError(Exception):
    """A URL is not good (any more): the code of OSS, and a sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


_WRONG_SIGNATURE = ForbiddenError(
    "SignatureDoesNotMatch",
    "The request signature we calculated does not match the signature you provided.",
)


@dataclass(repr=False)
class Bucket:
    """A bucket of signed URLs. `endpoint` is HOST or HOST:PORT, known once the port is open.

    `learn` hears each signature in a URL, as it stands there: a device may put it into a log.
    """

    key_id: str
    key: str
    learn: Callable[[str], None]
    endpoint: str = ""

    def url(self, path: str, token: str, *, until: int) -> str:
        """Return where an object may be had until a moment, in seconds since 1970.

        `token` is what the URL says of who may fetch it.
        """
        signature = self._signature("GET", path, token, str(until))
        self.learn(quote(signature, safe=""))
        query = {
            "Expires": until,
            "OSSAccessKeyId": self.key_id,
            "Signature": signature,
            "security-token": token,
        }
        return f"{self.plain_url(path)}?{urlencode(query)}"

    def plain_url(self, path: str) -> str:
        """Return the URL of an object without a signature, which does not open it."""
        return f"https://{self.endpoint}/{quote(path)}"

    def path(self, url: str) -> str:
        """Return the path of an object that a URL names, signed or not; "" for one elsewhere."""
        base = f"https://{self.endpoint}/"
        return unquote(url.partition("?")[0].removeprefix(base)) if url.startswith(base) else ""

    def check(self, method: str, path: str, query: dict[str, str], *, now: float) -> str:
        """Return the token of a URL that is good. Raises ForbiddenError."""
        token, until = query.get("security-token", ""), query.get("Expires", "")
        if query.get("OSSAccessKeyId") != self.key_id or not _MOMENT.fullmatch(until):
            raise ForbiddenError("AccessDenied", "You have no right to access this object.")
        if now > int(until):
            raise ForbiddenError("AccessDenied", "Request has expired.")
        if not _same(self._signature(method, path, token, until), query):
            raise _WRONG_SIGNATURE
        return token

    def policy(self, path: str, *, until: str) -> str:
        """Return what lets a form put an object: its name, its size, the moment it dies."""
        conditions = [["content-length-range", 0, MAX_SIZE], ["eq", "$key", path]]
        text = json.dumps({"expiration": until, "conditions": conditions})
        return base64.b64encode(text.encode()).decode()

    def check_form(self, form: Mapping[str, str], *, size: int, now: str) -> None:
        """Return if a form may put an object of a size. Raises ForbiddenError."""
        policy = form.get("policy", "")
        if form.get("OSSAccessKeyId") != self.key_id:
            raise ForbiddenError("InvalidAccessKeyId", "The OSS Access Key Id does not exist.")
        if not _same(self.sign(policy), form):
            raise _WRONG_SIGNATURE
        told = json.loads(base64.b64decode(policy))  # It is our own.
        if now > told["expiration"]:
            raise ForbiddenError("AccessDenied", "Invalid according to Policy: Policy expired.")
        if ["eq", "$key", form.get("key")] not in told["conditions"]:
            raise ForbiddenError("AccessDenied", "Invalid according to Policy: another key.")
        if size > MAX_SIZE:
            raise ForbiddenError("EntityTooLarge", f"The file has more than {MAX_SIZE} bytes.")

    def sign(self, text: str) -> str:
        """Return the signature of a text: base64 of its HMAC-SHA1."""
        digest = hmac.new(self.key.encode(), text.encode(), hashlib.sha1).digest()
        return base64.b64encode(digest).decode()

    def _signature(self, method: str, path: str, token: str, until: str) -> str:
        # OSS, signature version 1: the method, no digest, no type, the moment, the resource.
        return self.sign(f"{method}\n\n\n{until}\n/{NAME}/{path}?security-token={token}")


def _same(signature: str, told: Mapping[str, str]) -> bool:
    """Tell whether a request says this signature, whatever characters it says."""
    return hmac.compare_digest(signature.encode(), told.get("Signature", "").encode())


def moment(seconds: float) -> str:
    """Return a moment as OSS writes it, "2026-11-23T18:00:00.000Z"."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
