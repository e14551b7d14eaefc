from collections.abc import Callable
from typing import Any, Literal

from alink._types import OnReply, Values
from alink.messages import Messages

class Jobs:
    def __init__(self, device: Messages, on_task: Callable[[dict[str, Any]], object]) -> None: ...
    def ask(self) -> None: ...
    def update(
        self,
        task_id: str,
        status: Literal["IN_PROGRESS", "SUCCEEDED", "FAILED", "REJECTED"],
        progress: int = 0,
        details: Values | None = None,
        on_reply: OnReply = None,
    ) -> int: ...
