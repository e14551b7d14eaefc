from collections.abc import Callable, Iterable, Iterator

from typing_extensions import Self

from alink._types import (
    Log,
    Method,
    OnReply,
    OnReplyOnly,
    OutOfMemory,
    Policy,
    SignMethod,
    Watchdog,
)
from alink.device import Device
from alink.gateway.sub_device import SubDevice

__all__ = ("Gateway",)

class Gateway(Device):
    batch: int
    on_state: Callable[[str, str, str, int], object] | None
    on_add: Callable[[str, str], object] | None
    @classmethod
    def from_flash(
        cls,
        *,
        batch: int = ...,
        path: str = ...,
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
        batch: int = 5,
        path: str = "/alink.subs",
        *,
        keepalive: int = ...,
        max_packet: int = ...,
        securemode: int | None = ...,
        policy: Policy = ...,
        network: Callable[[], object] | None = ...,
        watchdog: Watchdog | None = ...,
        log: Log = ...,
    ) -> None: ...
    def add(self, product_key: str, device_name: str, again: bool = False) -> SubDevice: ...
    def sub_device(self, product_key: str, device_name: str) -> SubDevice: ...
    def drop(self, product_key: str, device_name: str) -> None: ...
    def forget(self, product_key: str, device_name: str) -> None: ...
    def known(self) -> Iterator[tuple[str, str]]: ...
    def status(self, product_key: str, device_name: str) -> tuple[str, int]: ...
    def found(self, names: Iterable[tuple[str, str]], on_reply: OnReply = None) -> int: ...
    def topology(self, on_reply: OnReplyOnly) -> int: ...
