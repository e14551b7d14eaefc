from alink.device import Device as Device
from alink.errors import AlinkError as AlinkError
from alink.errors import MemoryShortError as MemoryShortError
from alink.errors import ProtocolError as ProtocolError
from alink.errors import RefusedError as RefusedError
from alink.errors import StoreError as StoreError
from alink.errors import TransportError as TransportError
from alink.errors import VerifyError as VerifyError

__version__: str
