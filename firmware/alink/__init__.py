"""alink: one firmware image, boards that become themselves on Alibaba Cloud IoT Platform."""

from .device import Device
from .errors import (
    AlinkError,
    ProtocolError,
    RefusedError,
    StoreError,
    TransportError,
    VerifyError,
)

__version__ = "0.1.0"
