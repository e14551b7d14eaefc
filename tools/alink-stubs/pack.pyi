from collections.abc import Iterable

from alink._types import OnReply, Values
from alink.device import Device
from alink.gateway.sub_device import SubDevice

def pack(
    device: Device,
    properties: Values | None = None,
    events: Values | None = None,
    sub_devices: Iterable[tuple[SubDevice, Values | None, Values | None]] = (),
    qos: int = 0,
    on_reply: OnReply = None,
) -> int: ...
