"""The two signatures of the vendor's clients: the claimed access key, and the proof.

Version 1.0 signs parameters (HMAC-SHA1, in `Signature`), ACS3-HMAC-SHA256 signs headers and body
(in `Authorization`). Written from the vendor's documents; docs/reference/protocol.md, "Cloud API".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from alink_sim.platform.openapi.errors import GatewayError, missing

_V3 = "ACS3-HMAC-SHA256"
_AUTHORIZATION = re.compile(
    r"(\S+)\s+Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]+)\s*"
)


@dataclass(frozen=True)
class Received:
    """A request as it came; names of headers are lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class RequestSignature:
    """The signature of a request: key, time and method; `sign` computes it from a secret.

    `disclosure` is what the gateway tells those whose signature is another: the text it signed.
    """

    access_key_id: str
    timestamp: str
    nonce: str
    signature: str = field(repr=False)
    disclosure: str
    sign: Callable[[str], str] = field(repr=False)

    def is_proven(self, secret: str) -> bool:
        """Tell whether the signature is that of a secret."""
        return hmac.compare_digest(self.sign(secret).encode(), self.signature.encode())


def wanted(received: Received) -> tuple[str, str]:
    """Return action and version of a request, from where its signature covers them."""
    if _is_by_headers(received):
        names, given = ("x-acs-action", "x-acs-version"), received.headers
    else:
        names, given = ("Action", "Version"), {**received.query, **received.form}
    return given.get(names[0], ""), given.get(names[1], "")


def claim(received: Received) -> RequestSignature:
    """Return who a request says it is from. Raises GatewayError where it does not say."""
    if _is_by_headers(received):
        return _by_headers(received)
    return _by_parameters(received)


def _is_by_headers(received: Received) -> bool:
    return received.headers.get("authorization", "").startswith("ACS3-")


def _by_parameters(received: Received) -> RequestSignature:
    given = {**received.query, **received.form}
    for name in ("AccessKeyId", "Timestamp", "SignatureNonce", "Signature"):
        if not given.get(name):
            raise missing(name)
    if given.get("SignatureMethod") != "HMAC-SHA1" or given.get("SignatureVersion") != "1.0":
        raise GatewayError(
            400, "InvalidSignatureMethod", "Specified signature method is not supported."
        )
    signed = _canonical({name: value for name, value in given.items() if name != "Signature"})
    content = f"{received.method}&%2F&{_escaped(signed)}"

    def sign(secret: str) -> str:
        made = hmac.new(f"{secret}&".encode(), content.encode(), hashlib.sha1).digest()
        return base64.b64encode(made).decode()

    return RequestSignature(
        access_key_id=given["AccessKeyId"],
        timestamp=given["Timestamp"],
        nonce=given["SignatureNonce"],
        signature=given["Signature"],
        disclosure=f"server string to sign is:{content}",
        sign=sign,
    )


def _by_headers(received: Received) -> RequestSignature:
    headers = received.headers
    found = _AUTHORIZATION.fullmatch(headers["authorization"])
    if found is None:
        raise GatewayError(
            400,
            "IncompleteSignature",
            "The request signature does not conform to Aliyun standards.",
        )
    if found[1] != _V3:
        raise GatewayError(
            400, "InvalidSignatureMethod", "Specified signature method is not supported."
        )
    for name in ("x-acs-date", "x-acs-signature-nonce"):
        if not headers.get(name):
            raise missing(name)
    # These headers must be signed even if the client does not list them: else a date could be
    # exchanged.
    must = {name for name in headers if name.startswith("x-acs-")} | {"host"}
    names = sorted(must | set(found[3].lower().split(";")))
    lines = "".join(f"{name}:{headers.get(name, '').strip()}\n" for name in names)
    digest = hashlib.sha256(received.body).hexdigest()
    request = "\n".join(
        (
            received.method,
            received.path,
            _canonical(received.query),
            lines,
            ";".join(names),
            digest,
        )
    )
    content = f"{_V3}\n{hashlib.sha256(request.encode()).hexdigest()}"

    def sign(secret: str) -> str:
        return hmac.new(secret.encode(), content.encode(), hashlib.sha256).hexdigest()

    return RequestSignature(
        access_key_id=found[2],
        timestamp=headers["x-acs-date"],
        nonce=headers["x-acs-signature-nonce"],
        signature=found[4],
        disclosure=f"server StringToSign is [{content}] server CanonicalRequest is [{request}]",
        sign=sign,
    )


def _canonical(parameters: Mapping[str, str]) -> str:
    return "&".join(
        f"{_escaped(name)}={_escaped(value)}" for name, value in sorted(parameters.items())
    )


def _escaped(text: str) -> str:
    return quote(text, safe="~")
