from collections.abc import Callable, Generator
from typing import Literal

from typing_extensions import Self

from alink._types import Log, SignMethod, Values, Watchdog

class HttpChannel:
    product_key: str
    device_name: str
    message_id: int
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
        method: Literal["register", "https"] = ...,
        sign_method: SignMethod = ...,
        timestamp: str = ...,
        scrub: bool = ...,
        wifi: tuple[str, str] = ...,
        network: Callable[[], object] | None = ...,
        watchdog: Watchdog | None = ...,
        log: Log = ...,
    ) -> Self: ...
    def __init__(
        self,
        network: Callable[[], object] | None = None,
        watchdog: Watchdog | None = None,
        log: Log = ...,
    ) -> None: ...
    def connect(self) -> None: ...
    def publish(self, topic: str | bytes, payload: bytes | bytearray) -> int: ...
    def post_properties(self, values: Values) -> int: ...
    def connecting(self) -> Generator[int]: ...
    def publishing(self, topic: str | bytes, payload: bytes | bytearray) -> Generator[int]: ...
