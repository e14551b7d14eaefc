from collections.abc import Callable

from alink._types import Payload
from alink.messages import Messages
from alink.thing import Thing

def on_request(
    device: Messages, topic: str, handler: Callable[[bytes], Payload | None]
) -> None: ...
def on_system_request(
    device: Messages, handler: Callable[[bytes], Payload | None], thing: Thing | None = None
) -> None: ...
def on_broadcast(
    device: Messages, handler: Callable[[bytes, bytes], object], name: str | None = None
) -> None: ...
