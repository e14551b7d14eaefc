"""mosquitto_pub and mosquitto_sub, as Debian has them, register, log in and post over TLS."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from alink_sim.platform import Platform, Product
from tests.interop.credentials import Credentials, login, login_with, registration
from tests.waiting import PATIENCE

pytestmark = pytest.mark.interop


def mosquitto(
    program: str, platform: Platform, credentials: Credentials, *more: str
) -> subprocess.CompletedProcess[str]:
    if not shutil.which(program):
        pytest.skip(reason=f"{program} is not installed: make system installs it on Debian")
    command = [program, "-h", "localhost", "-p", str(platform.mqtt_tls_port)]
    command += ["--cafile", str(platform.ca_pem), "-V", "311", "-k", "60"]
    command += ["-i", credentials.client_id, "-u", credentials.user, "-P", credentials.password]
    return subprocess.run(
        [*command, *more], capture_output=True, text=True, check=False, timeout=PATIENCE
    )


def register(platform: Platform, product: Product, name: str, method: str) -> dict[str, str]:
    """Register with mosquitto_sub and return the answer it prints.

    It subscribes, whatever one wants; the answer is there before that ends the connection.
    """
    topic = f"/ext/{method}"
    done = mosquitto(
        "mosquitto_sub",
        platform,
        registration(product, name, method),
        *("-t", topic, "-C", "1", "-F", "%t %p"),
    )
    assert done.stdout.startswith(f"{topic} "), done.stderr
    answer: dict[str, str] = json.loads(done.stdout.removeprefix(f"{topic} "))
    return answer


def test_mosquitto_sub_registers_and_mosquitto_pub_posts(platform: Platform, product: Product):
    device = platform.console.add_device(product.key, "mosquitto-1")
    answer = register(platform, product, "mosquitto-1", "register")
    assert answer["deviceSecret"] == device.secret
    done = mosquitto(
        "mosquitto_pub",
        platform,
        login(product, device),
        *("-t", f"/sys/{product.key}/mosquitto-1/thing/event/property/post", "-q", "1"),
        *("-m", '{"id":"1","params":{"temperature":21.5}}'),
    )
    assert done.returncode == 0, done.stderr
    platform.expect("property_posted", device_name="mosquitto-1")
    assert platform.console.device(product.key, "mosquitto-1").properties == {"temperature": 21.5}


def test_mosquitto_registers_with_regnwl_and_logs_in(platform, product):
    answer = register(platform, product, "mosquitto-2", "regnwl")
    done = mosquitto(
        "mosquitto_pub",
        platform,
        login_with(product, "mosquitto-2", answer),
        *("-t", f"/{product.key}/mosquitto-2/user/update", "-q", "1", "-m", "hello"),
    )
    assert done.returncode == 0, done.stderr
    assert (
        platform.expect("published", device_name="mosquitto-2").detail["topic"].endswith("update")
    )


def test_mosquitto_pub_is_refused_with_a_wrong_secret(platform: Platform, product: Product):
    device = platform.console.add_device(product.key, "mosquitto-3")
    device.secret = "0" * 32
    done = mosquitto(
        "mosquitto_pub", platform, login(product, device), "-t", "x", "-q", "1", "-m", "x"
    )
    assert done.returncode == 4
    assert platform.expect("login_refused", device_name="mosquitto-3").code == 6600
