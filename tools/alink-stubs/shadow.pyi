from collections.abc import Callable, Iterable
from typing import Any

from alink._types import Values
from alink.messages import Messages

class Shadow:
    version: int
    def __init__(
        self,
        device: Messages,
        on_desired: Callable[[dict[str, Any]], object] | None = None,
        on_reply: Callable[[str | None, int], object] | None = None,
    ) -> None: ...
    def get(self) -> None: ...
    def report(self, values: Values, fulfilled: bool = False) -> None: ...
    def delete(self, names: Iterable[str] | None = None) -> None: ...
