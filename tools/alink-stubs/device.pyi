from collections.abc import Callable

from typing_extensions import Self

from alink._types import Log, Method, OnReply, OutOfMemory, Policy, SignMethod, Watchdog
from alink.messages import Messages
from alink.thing import Properties, Thing

class Device(Messages):
    max_packet: int
    # With the setting `thing`; else None. The name is absolute, so that the stub that
    # `alink-sim thing stub` writes into a project comes before the one in this folder.
    thing: Thing
    @classmethod
    def from_flash(
        cls,
        *,
        device_name: str = ...,
        region: str = ...,
        instance_id: str = ...,
        host: str = ...,
        port: int = ...,
        https_host: str = ...,
        ca: bytes | str = ...,
        ntp_host: str = ...,
        method: Method = ...,
        sign_method: SignMethod = ...,
        timestamp: str = ...,
        scrub: bool = ...,
        wifi: tuple[str, str] = ...,
        network: Callable[[], object] | None = ...,
        thing: str | None = ...,
        keepalive: int = ...,
        max_packet: int = ...,
        securemode: int | None = ...,
        max_requests: int = ...,
        policy: Policy = ...,
        out_of_memory: OutOfMemory = ...,
        watchdog: Watchdog | None = ...,
        log: Log = ...,
    ) -> Self: ...
    def __init__(
        self,
        keepalive: int = 300,
        max_packet: int = 4096,
        securemode: int | None = None,
        policy: Policy = "retry",
        network: Callable[[], object] | None = None,
        watchdog: Watchdog | None = None,
        log: Log = ...,
    ) -> None: ...
    def connect(self) -> None: ...
    def poll(self, ms: int = 0) -> None: ...
    def loop(self) -> None: ...
    def close(self) -> None: ...
    def sleep(self, ms: int) -> None: ...
    def beside(self, step: Callable[[], int | None]) -> None: ...
    def post_properties(
        self, values: Properties, qos: int = 0, on_reply: OnReply = None
    ) -> int: ...
    async def run(self) -> None: ...
