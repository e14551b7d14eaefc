"""Properties of a message in MQTT 5: user properties, response topic, correlation data.

docs/reference/protocol.md, "MQTT 5".
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

_MAX_USER = 20  # Properties of one packet.
_MAX_PAIR = 128  # Characters of a key and its value together.
_MAX_TEXT = 65535  # Bytes; the length field has two.
_MAX_REQUEST = 128  # Characters of a response topic; bytes of correlation data.


@dataclass(frozen=True)
class MessageProperties:
    """The properties of a message; the defaults say that it has none of them.

    `user` are pairs of texts. `payload_format` is 1 for text in UTF-8 and 0 for anything else,
    `message_expiry` seconds; both are None where they are left out. `retain` is the flag.
    """

    user: tuple[tuple[str, str], ...] = ()
    response_topic: str = ""
    correlation_data: bytes = b""
    content_type: str = ""
    payload_format: int | None = None
    message_expiry: int | None = None
    retain: bool = False

    def objection(self) -> str:
        """Return which of the vendor's limits is passed, "" if none is."""
        if len(self.user) > _MAX_USER:
            return f"{len(self.user)} user properties; the limit is {_MAX_USER}"
        for key, value in self.user:
            if key.startswith("_"):
                return f"the user property {key[:_MAX_PAIR]!r} begins with an underscore"
            if len(key) + len(value) > _MAX_PAIR:
                size = len(key) + len(value)
                return f"a user property has {size} characters; the limit is {_MAX_PAIR}"
        if len(self.response_topic) > _MAX_REQUEST:
            size = len(self.response_topic)
            return f"the response topic has {size} characters; the limit is {_MAX_REQUEST}"
        texts = (
            self.response_topic,
            self.content_type,
            *(one for pair in self.user for one in pair),
        )
        if any("\0" in one for one in texts):
            return "a property holds a NUL"
        if (size := len(self.content_type.encode())) > _MAX_TEXT:
            return f"the content type has {size} bytes; the limit is {_MAX_TEXT}"
        if len(self.correlation_data) > _MAX_REQUEST:
            size = len(self.correlation_data)
            return f"the correlation data has {size} bytes; the limit is {_MAX_REQUEST}"
        return ""

    def told(self) -> dict[str, Any]:
        """Return the properties that a business server gets; correlation data as Base64."""
        told: dict[str, Any] = {}
        if self.user:
            told["user_properties"] = [list(pair) for pair in self.user]
        if self.response_topic:
            told["response_topic"] = self.response_topic
        if self.correlation_data:
            told["correlation_data"] = base64.b64encode(self.correlation_data).decode()
        if self.content_type:
            told["content_type"] = self.content_type
        return told


NO_PROPERTIES = MessageProperties()
