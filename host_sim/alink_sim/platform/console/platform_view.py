"""The platform as the console sees it: with `ota_view` the only module here that knows it.

The console runs in the platform's event loop. So it reads the platform's state as it is, without
a copy, and never keeps it across an `await`. It changes the platform through the facade that
tests and programs use, which waits for the loop and therefore runs in a thread.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

from alink_sim.platform._cloud import Cloud
from alink_sim.platform._console import Console
from alink_sim.platform._ota import Ota
from alink_sim.platform.console.errors import MissingError
from alink_sim.platform.console.journal import Journal
from alink_sim.platform.console.ota_view import OtaView
from alink_sim.platform.console.packets import ShownPacket, packets
from alink_sim.platform.core import Core
from alink_sim.platform.state.entities import Device, NodeType, Product, Status
from alink_sim.platform.state.instances import Instance
from alink_sim.platform.state.ota_registry import content_key
from alink_sim.platform.state.packet_trace import ConnectionTrace, crossings
from alink_sim.platform.state.registry import NAME, RegistryError
from alink_sim.platform.state.sessions import Session
from alink_sim.platform.topics.thing import model_of
from alink_sim.thing_model import ThingModel

# The node types as forms and addresses name them.
DIRECT, GATEWAY, SUB_DEVICE = "direct", "gateway", "sub_device"
NODE_TYPES = {DIRECT: NodeType.DIRECT, GATEWAY: NodeType.GATEWAY, SUB_DEVICE: NodeType.SUB_DEVICE}

_P = ParamSpec("_P")
_T = TypeVar("_T")


@dataclass(frozen=True)
class DeviceQuery:
    """Which devices a page shows; `number` counts pages from 1."""

    text: str = ""
    product_key: str = ""
    status: str = ""
    compromised: bool = False
    number: int = 1
    size: int = 50


@dataclass(frozen=True)
class DevicePage:
    """One page of devices, newest first, of `total` that match."""

    devices: list[Device]
    total: int
    number: int
    size: int

    @property
    def last(self) -> int:
        """Return the number of the last page."""
        return max(1, -(-self.total // self.size))


@dataclass
class Tally:
    """How many devices are in which state; `compromised` have two ClientIDs at the same time."""

    total: int = 0
    compromised: int = 0
    by_status: Counter[str] = field(default_factory=Counter)


class PlatformView:
    """Reads and changes one platform, in its event loop."""

    def __init__(
        self,
        core: Core,
        *,
        operator: Console,
        cloud: Cloud,
        ota: Ota,
        hide: Callable[[str], str],
    ) -> None:
        """`operator`, `cloud` and `ota` change the platform; `hide` masks secrets in a text."""
        self._core = core
        self._pending: set[asyncio.Task[Any]] = set()
        self._tallies: tuple[float, Tally, dict[str, Tally]] | None = None
        self.operator = operator
        self.cloud = cloud
        self.ota = OtaView(core, ota)
        self.faults = core.faults
        self.journal = Journal(core.log)
        self._hide = hide
        core.trace.is_on = True

    async def do(self, action: Callable[_P, _T], /, *arguments: _P.args, **named: _P.kwargs) -> _T:
        """Return what a method of the facade returns; raises what it raises."""
        task = asyncio.create_task(asyncio.to_thread(action, *arguments, **named))
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)
        try:
            return await asyncio.shield(task)
        finally:
            self._tallies = None

    def note(self, kind: str, reason: str) -> None:
        """Add an event of the console itself."""
        self._core.note(kind, reason=f"console: {reason}")

    async def settled(self) -> None:
        """Return once no action of the console waits for the loop any more."""
        await asyncio.gather(*self._pending, return_exceptions=True)

    def state_number(self) -> tuple[int, ...]:
        """Return numbers that differ once something was created or removed without an event."""
        registry, upgrades = self._core.registry, self._core.upgrades
        return (
            len(registry.products),
            len(registry.devices),
            len(upgrades.firmwares),
            len(upgrades.jobs),
            len(self.faults.listed()),
        )

    def now(self) -> float:
        """Return the platform's time in seconds since 1970."""
        return self._core.clock.time()

    # Products

    def products(self) -> list[Product]:
        """Return all products, newest first."""
        return list(reversed(self._core.registry.products.values()))

    def product(self, product_key: str) -> Product:
        """Return a product. Raises MissingError."""
        found = self._core.registry.products.get(product_key)
        if found is None:
            raise MissingError(f"there is no product {product_key}")
        return found

    def node_type(self, product: Product) -> str:
        """Return DIRECT, GATEWAY or SUB_DEVICE."""
        return next(name for name, one in NODE_TYPES.items() if one == product.node_type)

    async def create_product(self, *, name: str, node_type: str, instance: Instance) -> Product:
        """Create a product of a node type. Raises RegistryError."""
        return await self.do(
            self.operator.create_product,
            name=name,
            node_type=NODE_TYPES[node_type],
            instance=instance,
        )

    def thing_model(self, product_key: str) -> ThingModel | None:
        """Return a product's thing model, None where it has none. Raises RegistryError."""
        return model_of(self._core, product_key)

    def config_text(self, product: Product) -> str:
        """Return a product's remote config as text, "" where the platform does not serve one."""
        content = self._core.upgrades.contents.get(content_key(product.key))
        return content.data.decode(errors="replace") if content else ""

    def has_script(self, product: Product) -> bool:
        """Tell whether a script parses the bytes of a product."""
        return product.key in self._core.scripts

    # Devices

    def tally(self, product_key: str = "") -> Tally:
        """Return how many devices are in which state, of one product or of all."""
        moment = asyncio.get_running_loop().time()
        if self._tallies is None or moment - self._tallies[0] > 1.0:
            self._tallies = moment, *self._counted()
        _, every, by_product = self._tallies
        return by_product.get(product_key, Tally()) if product_key else every

    def devices(self, query: DeviceQuery) -> DevicePage:
        """Return a page of the devices that match, newest first."""
        start = (max(1, query.number) - 1) * query.size
        found = self._matching(query)
        page = list(itertools.islice(found, start, start + query.size))
        return DevicePage(page, self._total(query), max(1, query.number), query.size)

    def device(self, product_key: str, device_name: str) -> Device:
        """Return a device. Raises MissingError."""
        found = self._core.registry.devices.get((product_key, device_name))
        if found is None:
            raise MissingError(f"there is no device {product_key}/{device_name}")
        return found

    def sessions(self, device: Device) -> list[Session]:
        """Return a device's sessions: its own, or those that its gateway carries."""
        own = self._core.sessions.of(device)
        gateway = self._core.registry.gateway_of(device)
        carriers = self._core.sessions.of(gateway) if gateway else []
        key = device.product_key, device.name
        return own or [one.carried[key] for one in carriers if key in one.carried]

    def client_ids_in_use(self, device: Device) -> set[str]:
        """Return the ClientIDs of a device's current connections."""
        issued = (one.issued for one in self._core.sessions.of(device))
        return {one.client_id for one in issued if one}

    def sub_devices(self, gateway: Device) -> list[Device]:
        """Return a gateway's sub-devices."""
        return self._core.registry.sub_devices_of(gateway)

    def gateway_of(self, device: Device) -> Device | None:
        """Return a sub-device's gateway, None for a device without one."""
        return self._core.registry.gateway_of(device)

    async def add_devices(self, product_key: str, wanted: Iterable[tuple[str, str | None]]) -> int:
        """Add devices, (DeviceName, DeviceSecret or None) each, all of them; return how many.

        Raises RegistryError before the first one is added.
        """
        registry = self._core.registry
        registry.product(product_key)
        devices = list(wanted)
        for name, _ in devices:
            if not NAME.fullmatch(name) or (product_key, name) in registry.devices:
                raise RegistryError(f"device {name!r} cannot be added: check the list again")
        for name, secret in devices:
            registry.add_device(product_key, name, secret=secret)
        self._tallies = None
        await self._core.commits.settled()
        return len(devices)

    def name_problem(self, product_key: str, name: str) -> str:
        """Return why a device of this name cannot be added: "name", "exists", or "" if it can."""
        if not NAME.fullmatch(name):
            return "name"
        return "exists" if (product_key, name) in self._core.registry.devices else ""

    async def set_tags(self, device: Device, tags: dict[str, str]) -> None:
        """Replace a device's tags."""
        self._core.registry.keep(device, "tags", tags)
        await self._core.commits.settled()

    def check_online(self, device: Device) -> None:
        """Return if a device is online. Raises RegistryError, as the real service does."""
        if not self.sessions(device):
            raise RegistryError(f"device {device.product_key}/{device.name} is offline, not sent")

    # The wire

    def hide(self, text: str) -> str:
        """Return a text without the secrets of the platform."""
        return self._hide(text)

    def connections(self) -> list[ConnectionTrace]:
        """Return the newest connections, oldest first."""
        return list(self._core.trace.connections)

    def packets_of(self, device: Device, *, most: int) -> list[ShownPacket]:
        """Return a device's newest packets, newest first; a sub-device's are its gateway's."""
        carrier = self.gateway_of(device) or device
        identity = carrier.product_key, carrier.name
        own = f"/{device.product_key}/{device.name}/" if carrier is not device else ""
        found: list[ShownPacket] = []
        for crossing in crossings(reversed(self._core.trace.packets)):
            connection = crossing.connection
            if (connection.product_key, connection.device_name) != identity:
                continue
            shown = reversed(list(packets(crossing, self.hide)))
            found += [one for one in shown if own in f"{one.topic}/"]
            if len(found) >= most:
                break
        return found[:most]

    # Inside

    def _total(self, query: DeviceQuery) -> int:
        """Return how many devices match; the tally knows it for all but a searched text."""
        tally = self.tally(query.product_key)
        if query.text or (query.status and query.compromised):
            return sum(1 for _ in self._matching(query))
        if query.compromised:
            return tally.compromised
        return tally.by_status[query.status] if query.status else tally.total

    def _matching(self, query: DeviceQuery) -> Iterator[Device]:
        text = query.text.casefold()
        for device in reversed(self._core.registry.devices.values()):
            if query.product_key and device.product_key != query.product_key:
                continue
            if text and text not in device.name.casefold():
                continue
            if query.status and device.status != query.status:
                continue
            if query.compromised and not device.alert:
                continue
            yield device

    def _counted(self) -> tuple[Tally, dict[str, Tally]]:
        every, by_product = Tally(), {key: Tally() for key in self._core.registry.products}
        for device in self._core.registry.devices.values():
            status = device.status.value
            compromised = len(device.client_ids) > 1 and bool(device.alert)
            for tally in (every, by_product.setdefault(device.product_key, Tally())):
                tally.total += 1
                tally.by_status[status] += 1
                tally.compromised += compromised
        return every, by_product


STATUSES = tuple(status.value for status in Status)
