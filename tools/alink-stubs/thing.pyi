from collections.abc import Callable
from typing import Any, TypeVar

from typing_extensions import TypeAlias

from alink._types import OnReply, Values
from alink.messages import Messages

# The stub that `alink-sim thing stub` writes has the properties of a thing model here.
Properties: TypeAlias = Values
_PropertyHandler = TypeVar("_PropertyHandler", bound=Callable[[Any], object])
_ServiceHandler = TypeVar("_ServiceHandler", bound=Callable[[Any], Values | None])

class Thing:
    def __init__(self, device: Messages, model: str | None = None) -> None: ...
    def property(self, name: str) -> Callable[[_PropertyHandler], _PropertyHandler]: ...
    def service(self, name: str) -> Callable[[_ServiceHandler], _ServiceHandler]: ...
    def post(self, values: Properties, qos: int = 0, on_reply: OnReply = None) -> int: ...
    def check(self, values: Properties) -> None: ...
    def event(
        self,
        name: str,
        values: Values,
        time: int | None = None,
        qos: int = 0,
        on_reply: OnReply = None,
    ) -> int: ...
    def take(self, topic: bytes, payload: bytes) -> None: ...
