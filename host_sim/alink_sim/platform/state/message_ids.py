"""Ids of the messages that one platform sends."""

from __future__ import annotations

import itertools

# Of the size that the vendor's have, so a device meets it: 13 and 18 digits.
_FIRST_OTA_PUSH = 1_626_969_597_470
_FIRST_LONG = 892_687_627_916_247_040


class MessageIds:
    """Gives out ids, never one twice: a session gets messages of several rooms."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def request(self) -> str:
        """Return the id of a request to a device."""
        return str(next(self._numbers))

    def ota_push(self) -> int:
        """Return the id of an OTA push, which is a number of milliseconds there."""
        return _FIRST_OTA_PUSH + next(self._numbers)

    def long(self) -> int:
        """Return an id of 64 bits, as RRPC, the cloud API and the HTTPS channel have them."""
        return _FIRST_LONG + next(self._numbers)
