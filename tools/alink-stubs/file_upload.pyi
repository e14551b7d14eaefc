from collections.abc import Generator
from typing import Protocol

from alink.device import Device

class _Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...
    def seek(self, offset: int, /) -> object: ...

def upload(
    device: Device,
    name: str,
    stream: _Stream,
    size: int,
    block: int = 1024,
    overwrite: bool = True,
) -> Generator[int]: ...
