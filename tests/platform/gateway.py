"""A gateway and a sub-device on the wire: requests as real clients send them, as bytes."""

from __future__ import annotations

import json
from typing import Any, Self

from alink_sim.platform import Device, Platform
from tests.platform.wire import ACCEPTED, Party, Wire, publish, sign

GATEWAY_PK, GATEWAY_PS = "a1GatewayPk", "GwProdSecret0001"
SUB_PK, SUB_PS = "a1SubPk0001", "SubProdSecret001"
SUB_DS = "fedcba9876543210fedcba9876543210"
TIME = "1700000000000"


class Gateway:
    """A gateway online."""

    def __init__(self, platform: Platform, name: str = "gateway-1") -> None:
        product = platform.console.create_product(key=GATEWAY_PK, secret=GATEWAY_PS, node_type=1)
        platform.console.create_product(key=SUB_PK, secret=SUB_PS)
        self.platform = platform
        self.name = name
        self.party = Party.of(product, platform.console.add_device(GATEWAY_PK, name))
        self.wire = Wire.tls(platform)
        assert self.wire.ask(self.party.log_in()) == ACCEPTED

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.wire.__exit__()

    def topic(self, tail: str) -> str:
        family = "/ext/session" if tail.startswith("combine") else "/sys"
        return f"{family}/{GATEWAY_PK}/{self.name}/{tail}"

    def ask_raw(self, tail: str, payload: bytes) -> bytes:
        """Return the payload of the reply, which has to be what comes next."""
        topic = self.topic(tail)
        head, _, body = self.wire.ask(publish(topic, payload)).partition(f"{topic}_reply".encode())
        assert head
        assert body
        return body

    def ask(self, tail: str, params: Any) -> tuple[int, Any]:
        """Return code and data of the reply."""
        body = {"id": "7", "params": params}
        answer = json.loads(self.ask_raw(tail, json.dumps(body).encode()))
        return answer["code"], answer["data"]

    def told(self) -> tuple[str, Any]:
        """Return tail and body of what the platform sends next."""
        topic, body, _ = self.wire.read_publish()
        return topic.split("/", 4)[-1], body


def sub(platform: Platform, name: str = "sub-0001") -> Device:
    return platform.console.add_device(SUB_PK, name, secret=SUB_DS)


def names(name: str = "sub-0001") -> dict[str, str]:
    return {"productKey": SUB_PK, "deviceName": name}


def signed(name: str = "sub-0001", *, secret: str = SUB_DS, **changes: str) -> dict[str, str]:
    """Return the object of topo/add and login, its signature in both spellings of the method."""
    content = f"clientIdcdeviceName{name}productKey{SUB_PK}timestamp{TIME}"
    made = {
        **names(name),
        "clientId": "c",
        "timestamp": TIME,
        "signmethod": "hmacSha256",
        "signMethod": "hmacSha256",
        "sign": sign(secret, content),
    }
    return made | changes


def proxied(name: str = "sub-0001", *, secret: str = SUB_PS) -> dict[str, str]:
    content = f"deviceName{name}productKey{SUB_PK}random1"
    return {
        **names(name),
        "random": "1",
        "signMethod": "hmacSha1",
        "sign": sign(secret, content, "sha1"),
    }
