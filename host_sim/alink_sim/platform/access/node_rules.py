"""The rules of node types in a registration: sub-devices register through their gateway only.

docs/reference/protocol.md, "Dynamic registration".
"""

from __future__ import annotations

from alink_sim.platform.access.auth import Credentials, Kind
from alink_sim.platform.state.entities import NodeType, Product
from alink_sim.platform.state.refusal import RefusedError
from alink_sim.platform.state.registry import Registry


def check_node(registry: Registry, product: Product, credentials: Credentials) -> None:
    """Return if a device of this product may register so. Raises RefusedError without a code."""
    if credentials.kind is not Kind.REGNWL:
        return
    if product.node_type == NodeType.SUB_DEVICE:
        raise RefusedError(
            None, "preregistration-free registration is not for a product of gateway sub-devices"
        )
    device = registry.devices.get((product.key, credentials.device_name))
    if device and registry.gateway_of(device):
        raise RefusedError(
            None, "preregistration-free registration is not for a sub-device of a gateway"
        )
