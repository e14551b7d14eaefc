# Types that several stubs share; a board has no such module.
from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

from typing_extensions import TypeAlias

Values: TypeAlias = Mapping[str, Any]
OnReply: TypeAlias = Callable[[int, Any, str], object] | Literal[False] | None
OnReplyOnly: TypeAlias = Callable[[int, Any, str], object]
OnDone: TypeAlias = Callable[[bool], object] | None
Log: TypeAlias = Callable[[str], object] | None
Payload: TypeAlias = bytes | bytearray | memoryview | str
Policy: TypeAlias = Literal["retry", "reregister", "stop"]
OutOfMemory: TypeAlias = Literal["reset", "raise"]
Method: TypeAlias = Literal["register", "regnwl", "https"]
SignMethod: TypeAlias = Literal["hmacsha256", "hmacsha1", "hmacmd5"]

class Watchdog(Protocol):
    def feed(self) -> None: ...
