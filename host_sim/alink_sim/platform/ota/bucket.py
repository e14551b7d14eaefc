"""Where the files of packages lie, as in OSS: signed URLs that die (docs/protocol.md, "OTA")."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from urllib.parse import quote, urlencode

NAME = "iotx-ota"


class ForbiddenError(Exception):
    """A URL is not good (any more): the code of OSS, and a sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass
class Bucket:
    """A bucket of signed URLs. `endpoint` is HOST or HOST:PORT, known once the port is open."""

    key_id: str
    key: str
    endpoint: str = ""

    def url(self, path: str, token: str, *, until: int) -> str:
        """Return where an object may be had until a moment, in seconds since 1970.

        `token` is what the URL says of who may fetch it.
        """
        query = {
            "Expires": until,
            "OSSAccessKeyId": self.key_id,
            "Signature": self._signature("GET", path, token, str(until)),
            "security-token": token,
        }
        return f"https://{self.endpoint}/{quote(path)}?{urlencode(query)}"

    def check(self, method: str, path: str, query: dict[str, str], *, now: float) -> str:
        """Return the token of a URL that is good. Raises ForbiddenError."""
        token, until = query.get("security-token", ""), query.get("Expires", "")
        if query.get("OSSAccessKeyId") != self.key_id or not until.isdecimal():
            raise ForbiddenError("AccessDenied", "You have no right to access this object.")
        if now > int(until):
            raise ForbiddenError("AccessDenied", "Request has expired.")
        expected = self._signature(method, path, token, until)
        if not hmac.compare_digest(expected, query.get("Signature", "")):
            raise ForbiddenError(
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided.",
            )
        return token

    def sign(self, text: str) -> str:
        """Return the signature of a text: base64 of its HMAC-SHA1."""
        digest = hmac.new(self.key.encode(), text.encode(), hashlib.sha1).digest()
        return base64.b64encode(digest).decode()

    def _signature(self, method: str, path: str, token: str, until: str) -> str:
        # OSS, signature version 1: the method, no digest, no type, the moment, the resource.
        return self.sign(f"{method}\n\n\n{until}\n/{NAME}/{path}?security-token={token}")
