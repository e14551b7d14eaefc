from collections.abc import Callable
from typing import Any, Protocol

from typing_extensions import Self

from alink._types import Log, Method, SignMethod, Watchdog

class _Context(Protocol):
    def wrap_socket(self, sock: Any, **options: Any) -> Any: ...

class Login:
    product_key: str
    device_name: str
    host: str
    port: int
    client_id: bytes
    user: bytes
    password: bytes
    ssl: _Context
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
        wifi: tuple[str, str] = ...,
        securemode: int | None = ...,
        network: Callable[[], object] | None = ...,
        watchdog: Watchdog | None = ...,
        log: Log = ...,
    ) -> Self: ...
    def __init__(
        self,
        network: Callable[[], object] | None = None,
        watchdog: Watchdog | None = None,
        securemode: int | None = None,
        log: Log = ...,
    ) -> None: ...
    def prepare(self) -> None: ...
