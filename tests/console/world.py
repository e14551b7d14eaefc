"""A platform with something to see: products, devices in every state, two boards of one name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alink_sim.platform import Device, Fault, Instance, Listen, Platform, Product
from alink_sim.platform.console.server import ConsoleServer
from tests.platform.wire import ACCEPTED, Party, Wire, publish, subscribe

KEEPALIVE = 1200  # Seconds, the longest: no device of a slow run may go offline.
PK, GATEWAY_PK, SUB_PK = "a1B2c3D4e5F", "a1GatewayPk", "a1SubPk0001"
TWINS, SENSOR, QUIET, BARRED = "esp32-240AC4A1B2C3", "greenhouse-7", "spare-0001", "barred-0001"

THING_MODEL: dict[str, Any] = {
    "properties": [
        {
            "identifier": "temperature",
            "accessMode": "r",
            "dataType": {"type": "double", "specs": {"min": "-40", "max": "125", "unit": "°C"}},
        },
        {
            "identifier": "target",
            "accessMode": "rw",
            "dataType": {"type": "double", "specs": {"min": "5", "max": "30", "unit": "°C"}},
        },
        {
            "identifier": "mode",
            "accessMode": "rw",
            "dataType": {"type": "enum", "specs": {"0": "off", "1": "eco", "2": "comfort"}},
        },
        {
            "identifier": "note",
            "accessMode": "rw",
            "dataType": {"type": "text", "specs": {"length": "10240"}},
        },
    ],
    "events": [
        {
            "identifier": "overheat",
            "outputData": [{"identifier": "value", "dataType": {"type": "double", "specs": {}}}],
        }
    ],
    "services": [
        {
            "identifier": "blink",
            "callType": "async",
            "inputData": [
                {
                    "identifier": "seconds",
                    "dataType": {"type": "int", "specs": {"min": "1", "max": "60", "unit": "s"}},
                },
                {
                    "identifier": "color",
                    "dataType": {"type": "enum", "specs": {"0": "red", "1": "green"}},
                },
            ],
            "outputData": [],
        },
        {"identifier": "status", "callType": "sync", "inputData": [], "outputData": []},
    ],
}


@dataclass
class World:
    """A platform, its console, and the devices that are online."""

    platform: Platform
    console: ConsoleServer
    product: Product
    wires: dict[str, Wire] = field(default_factory=dict)
    client_ids: list[str] = field(default_factory=list)

    def url(self, path: str) -> str:
        """Return the address of a page; the batch "first" is the newest one of the product."""
        if path.endswith("/first"):
            path = path.replace("first", self.platform.ota.jobs(PK)[0].id)
        return f"http://127.0.0.1:{self.console.port}{path}"

    def party(self, device: Device) -> Party:
        return Party.of(self.platform.console.product(device.product_key), device)

    def post(self, name: str, tail: str, params: Any, *, product_key: str = PK) -> None:
        """Post a message of a device that is online; the reply is left unread."""
        body = json.dumps({"id": "1", "version": "1.0", "params": params}).encode()
        self.wires[name].send(publish(f"/sys/{product_key}/{name}/thing/{tail}", body))

    def report(self, name: str, product_key: str = PK, **values: Any) -> None:
        """Report properties and wait until the platform has them."""
        last = self.platform.events()[-1]
        self.post(name, "event/property/post", values, product_key=product_key)
        self.platform.expect("property_posted", device_name=name, after=last)

    def told(self, name: str, tail: str) -> tuple[str, Any]:
        """Return topic and body of the next message to a device whose topic has that end."""
        while True:
            packet = self.wires[name].read()
            assert packet, "the platform ended the connection"
            head, brace, body = packet.partition(b"{")
            if packet[0] >> 4 == 3 and head.endswith(tail.encode()):
                start = head.index(b"/")
                return head[start:].decode(), json.loads(brace + body)

    def inform(self, name: str, version: str, product_key: str = PK) -> None:
        """Report a firmware version and wait until the platform has it."""
        last = self.platform.events()[-1]
        body = json.dumps({"id": "9", "params": {"version": version}}).encode()
        self.wires[name].send(publish(f"/ota/device/inform/{product_key}/{name}", body))
        self.platform.expect("ota_version", device_name=name, after=last)

    def register(self, name: str, product: Product | None = None) -> tuple[str, str]:
        """Register a board without preregistration; return ClientID and DeviceToken."""
        party = Party(product or self.product, name)
        with Wire.tls(self.platform) as wire:
            assert wire.ask(party.register("regnwl")) == ACCEPTED
            _, answer, _ = wire.read_publish()
        return answer["clientId"], answer["deviceToken"]


@contextmanager
def small_world(ca: Path) -> Iterator[World]:
    """Yield a platform with a handful of devices, closed at the end."""
    with ExitStack() as stack:
        platform = stack.enter_context(Platform(ca=ca, listen=Listen(console_port=0)))
        product = platform.console.create_product(
            key=PK, secret="Pr0dSecretAbCdEf", name="Thermostat", instance=Instance("iot-lab00001")
        )
        platform.console.set_thing_model(PK, THING_MODEL)
        console = platform._web_console
        assert console
        world = World(platform, console, product)
        for name in (SENSOR, QUIET, BARRED):
            platform.console.add_device(PK, name)
        platform.console.disable_device(PK, BARRED)
        for number in range(2):
            client_id, token = world.register(TWINS)
            world.client_ids.append(client_id)
            wire = stack.enter_context(Wire.tls(platform))
            log_in = Party(product, TWINS).log_in_with(client_id, token, keepalive=KEEPALIVE)
            assert wire.ask(log_in) == ACCEPTED
            world.wires[f"{TWINS}/{number}"] = wire
        wire = stack.enter_context(Wire.tls(platform))
        world.wires[SENSOR] = wire
        sensor = world.party(platform.console.device(PK, SENSOR))
        assert wire.ask(sensor.log_in(keepalive=KEEPALIVE, extra=",_ss=1")) == ACCEPTED
        wire.ask(subscribe(1, (f"/{PK}/{SENSOR}/user/get", 1)))
        with Wire.tls(platform) as refused:
            refused.ask(Party(product, QUIET).register("register", secret="wrong"))
        with Wire.tls(platform) as refused:
            refused.ask(Party(product, BARRED).register("regnwl"))
        for number in range(40):
            world.post(
                SENSOR,
                "event/property/post",
                {"temperature": 20 + number % 7 * 0.5, "target": 21, "mode": 1},
            )
        world.report(SENSOR, note="window side")
        world.post(SENSOR, "event/overheat/post", {"value": {"value": 71.5}})
        yield world


def fill(world: World) -> None:
    """Add a thousand devices, a gateway, an update under way, a fault, and hard names."""
    platform = world.platform
    console = platform.console
    console.create_product(key=GATEWAY_PK, name="Gateway of the hall", node_type=1)
    console.create_product(key=SUB_PK, name="Electricity meter with a rather long product name")
    console.add_device(GATEWAY_PK, "gateway-1")
    platform._runner.change(
        lambda registry: [registry.add_device(SUB_PK, f"meter-{n:04}").name for n in range(1000)]
    )
    console.add_device(SUB_PK, "a-name-of-32-characters-is-long-")
    for number in range(6):
        platform.cloud.add_sub_device(
            SUB_PK, f"meter-{number:04}", gateway=(GATEWAY_PK, "gateway-1")
        )
    world.inform(SENSOR, "1.0.0")
    platform.ota.publish(PK, "2.0.0", b"firmware" * 9000)
    world.wires[SENSOR].send()
    platform.cloud.set_desired(PK, SENSOR, {"target": 23.5})
    platform.cloud.set_shadow(PK, SENSOR, {"color": "blue", "lamp": {"level": 80}})
    platform.cloud.set_config(PK, b'{\n  "interval": 60\n}')
    platform.faults.add(Fault.delay("publish", seconds=3), device=SENSOR)
    world.post(SENSOR, "deviceinfo/update", [{"attrKey": "room", "attrValue": "greenhouse"}])
    world.post(
        SENSOR,
        "log/post",
        [{"logLevel": "WARN", "module": "wifi", "logContent": "weak signal", "utcTime": ""}],
    )
