"""Login parameters for a third party's MQTT client, composed by the vendor's manual."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from alink_sim.platform import Device, Product


@dataclass(frozen=True)
class Credentials:
    client_id: str
    user: str
    password: str


def registration(product: Product, device_name: str, method: str) -> Credentials:
    content = f"deviceName{device_name}productKey{product.key}random42"
    return Credentials(
        f"{device_name}|securemode=2,authType={method},random=42,signmethod=hmacsha256|",
        f"{device_name}&{product.key}",
        hmac.new(product.secret.encode(), content.encode(), hashlib.sha256).hexdigest(),
    )


def login(product: Product, device: Device) -> Credentials:
    content = f"clientIdmydevicedeviceName{device.name}productKey{product.key}timestamp789"
    return Credentials(
        "mydevice|securemode=2,signmethod=hmacsha1,timestamp=789|",
        f"{device.name}&{product.key}",
        hmac.new(device.secret.encode(), content.encode(), hashlib.sha1).hexdigest().upper(),
    )


def login_with(product: Product, device_name: str, answer: dict[str, str]) -> Credentials:
    return Credentials(
        f"{answer['clientId']}|securemode=-2,authType=connwl|",
        f"{device_name}&{product.key}",
        answer["deviceToken"],
    )
