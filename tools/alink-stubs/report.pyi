from collections.abc import Callable, Iterable, Mapping, Sequence

from typing_extensions import TypeAlias

from alink._types import OnReply, OnReplyOnly, Values
from alink.messages import Messages

_Samples: TypeAlias = Mapping[str, Sequence[Values]]

def batch(
    device: Messages,
    properties: _Samples,
    events: _Samples | None = None,
    qos: int = 0,
    on_reply: OnReply = None,
) -> int: ...
def history(
    device: Messages,
    properties: Sequence[Mapping[str, Values]],
    events: Iterable[Mapping[str, Values]] = (),
    qos: int = 0,
    on_reply: OnReply = None,
) -> int: ...
def desired(device: Messages, names: Sequence[str], on_reply: OnReplyOnly) -> int: ...
def forget_desired(
    device: Messages, versions: Mapping[str, int], on_reply: OnReply = None
) -> int: ...
def tags(device: Messages, values: Mapping[str, str], on_reply: OnReply = None) -> int: ...
def forget_tags(device: Messages, keys: Iterable[str], on_reply: OnReply = None) -> int: ...
def raw(
    device: Messages,
    data: bytes | bytearray | memoryview,
    qos: int = 0,
    on_reply: Callable[[bytes], object] | None = None,
) -> None: ...
def on_raw(device: Messages, handler: Callable[[bytes], bytes | None]) -> None: ...
