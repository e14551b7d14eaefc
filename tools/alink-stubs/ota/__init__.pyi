from collections.abc import Callable
from typing import Any, Literal, Protocol

from alink.messages import Messages

__all__ = ("Ota",)

class _Target(Protocol):
    def begin(self, size: int, /) -> None: ...
    def write(self, offset: int, block: bytes | bytearray | memoryview, /) -> None: ...
    def finish(self) -> None: ...
    def abandon(self) -> None: ...

class Ota:
    REPORT: int
    JUDGE: int
    TELL_FAILURE: int
    READY: int
    version: str
    module: str
    stage: int
    offer: dict[str, Any] | None
    installed: str
    def __init__(
        self,
        device: Messages,
        version: str,
        module: str = "",
        target: _Target | None = None,
        on_offer: Callable[[str, int, dict[str, str]], Literal["now", "later", "refuse"] | None]
        | None = None,
        on_ready: Callable[[str], object] | None = None,
        plain: bool = False,
    ) -> None: ...
    def report(self, version: str) -> None: ...
    def ask(self) -> None: ...
    def start(self) -> None: ...
