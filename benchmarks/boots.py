"""Duration of a first and a second boot, relative to bare verified TLS connections.

The runs alternate on one machine. The figures are medians of ratios: 1.0 would be the time of the
connections alone.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from pathlib import Path

from alink_formats import identity
from alink_sim.platform import Platform
from alink_sim.platform.access.auth import signature
from benchmarks import heap

_NAME = "bench-0003"
_ROUNDS = 9
_HEAP = 400 * 1024


@dataclass(frozen=True)
class Boots:
    """First boot over two bare connects, second boot over one."""

    first: float
    second: float


def measure(folder: Path) -> Boots:
    """Return the figures; `folder` is scratch. Raises ToolchainError without unix32."""
    heap.compile_all(folder)
    with Platform() as platform:
        product = platform.console.create_product()
        device = platform.console.add_device(product.key, _NAME)
        (folder / "ca.der").write_bytes(platform.ca_der)
        for file, secrets in (
            ("certificate.bin", (product.secret, "")),
            ("activated.bin", ("", device.secret)),
        ):
            burned = identity.Identity(
                product_key=product.key,
                device_name=_NAME,
                host="localhost",
                port=platform.mqtt_tls_port,
                ca=(platform.ca_der,),
                product_secret=secrets[0],
                device_secret=secrets[1],
            )
            (folder / file).write_bytes(identity.encode(burned))
        content = f"clientIdbenchdeviceName{_NAME}productKey{product.key}"
        bare = [
            "bare",
            "localhost",
            str(platform.mqtt_tls_port),
            "bench|securemode=2,signmethod=hmacsha256|",
            f"{_NAME}&{product.key}",
            signature("hmacsha256", device.secret, content),
            f"/{product.key}/{_NAME}/user/update",
        ]
        first, second = [], []
        for _ in range(_ROUNDS):
            connect = float(heap.run(folder, _HEAP, bare).split()[1])
            platform.console.reset_device(product.key, _NAME)
            boot = float(heap.run(folder, _HEAP, ["first_boot", "certificate.bin"]).split()[2])
            again = float(heap.run(folder, _HEAP, ["first_boot", "activated.bin"]).split()[2])
            first.append(boot / (2 * connect))
            second.append(again / connect)
    return Boots(first=statistics.median(first), second=statistics.median(second))
