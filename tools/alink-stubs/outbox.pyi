from alink._types import OnDone, Payload, Values
from alink.messages import Messages

class Outbox:
    size: int
    dropped: int
    def __init__(
        self,
        device: Messages,
        limit: int = 8192,
        path: str | None = None,
        drop: bool = False,
    ) -> None: ...
    def __len__(self) -> int: ...
    def post_properties(self, values: Values, on_done: OnDone = None) -> None: ...
    def put(self, topic: str | bytes, payload: Payload, on_done: OnDone = None) -> None: ...
