from typing import Literal

from typing_extensions import TypeAlias

from alink.messages import Messages

LEVELS: tuple[str, ...]
_Level: TypeAlias = Literal["DEBUG", "INFO", "WARN", "ERROR", "FATAL"]

class CloudLog:
    wanted: bool
    def __init__(self, device: Messages, level: _Level = "INFO") -> None: ...
    def set_level(self, level: _Level) -> None: ...
    def write(
        self,
        level: _Level,
        module: str,
        text: str,
        code: object = "",
        context: object = "",
    ) -> None: ...
