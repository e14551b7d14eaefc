from collections.abc import Callable, Generator
from typing import Any

from alink.messages import Messages

class Config:
    info: dict[str, Any]
    def __init__(
        self, device: Messages, on_config: Callable[[dict[str, Any]], object]
    ) -> None: ...
    def ask(self) -> None: ...
    def fetch(self, path: str) -> Generator[int]: ...
