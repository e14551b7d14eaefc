"""Broadcasts that the platform repeats by itself, as a set-up file declares them."""

from __future__ import annotations

import asyncio

from alink_sim.platform.core import Core
from alink_sim.platform.state.entities import Product
from alink_sim.platform.topics import downlink


def repeat(core: Core, product: Product, payload: bytes, *, topic: str, seconds: float) -> None:
    """Send a broadcast each `seconds`, while the product exists; the same one runs once."""
    name = (product.key, topic, payload)
    if name in core.repeated:
        return
    loop = asyncio.get_running_loop()
    core.repeated.add(name)

    def send() -> None:
        if core.registry.products.get(product.key) is not product:
            core.repeated.discard(name)
            return
        downlink.broadcast(core, product.key, payload, topic=topic)
        core.clock.call_later(loop, seconds, send)

    core.clock.call_later(loop, seconds, send)
