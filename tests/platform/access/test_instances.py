"""Instances: what each kind can do, its host and id, on the wire and in the event log."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from alink_sim.platform import Instance, InstanceError, Platform, RegistryError, Settings
from alink_sim.platform.control import setup_file
from alink_sim.platform.control.setup_file import SetupError
from tests.platform.http_requests import FORM, form, post
from tests.platform.wire import ACCEPTED, Party, Wire, connect, refused, sign
from tests.waiting import PATIENCE

IID = "iot-06z00abcd1234"
INSTANCES = {
    "old public": Instance("", "old_public", "cn-shanghai"),
    "new public": Instance(IID, "public"),
    "enterprise in Shanghai": Instance(IID, "enterprise", "cn-shanghai"),
    "enterprise in Beijing": Instance(IID, "enterprise", "cn-beijing"),
    "enterprise in Shenzhen": Instance(IID, "enterprise", "cn-shenzhen"),
}
FREE = ("enterprise in Shanghai", "enterprise in Beijing")
RULE = (
    "preregistration-free registration needs an enterprise instance in cn-shanghai or cn-beijing"
)


def _on(platform: Platform, instance: Instance) -> Party:
    product = platform.console.create_product(key="a1B2c3D4e5F", secret="Pr0dSecretAbCdEf")
    platform.console.set_instance(product.key, instance)
    return Party.of(product, platform.console.add_device(product.key, "dev-1"))


def _dialled(platform: Platform, host: str) -> Wire:
    """Return a connection whose TLS names this host."""
    context = ssl.create_default_context(cafile=platform.ca_pem)
    plain = socket.create_connection(("127.0.0.1", platform.mqtt_tls_port), timeout=PATIENCE)
    return Wire(context.wrap_socket(plain, server_hostname=host))


@pytest.mark.parametrize("which", INSTANCES)
def test_instance_type_decides_which_registration_methods_work(platform: Platform, which: str):
    party = _on(platform, INSTANCES[which])
    with Wire.tls(platform) as wire:
        assert wire.ask(party.register()) == ACCEPTED
    over_https = form(party.product.key, "dev-1", party.product.secret)
    assert post(platform, "/auth/register/device", over_https, FORM)["code"] == 200
    with Wire.tls(platform) as wire:
        answer = wire.ask(party.register("regnwl"))
    if which in FREE:
        assert answer == ACCEPTED
    else:
        assert answer == refused(4)
        event = platform.expect("registration_refused", timeout=0)
        assert event.reason.startswith(f"{RULE}; this is the ")
        assert platform.console.device(party.product.key, "dev-1").client_ids == []


@pytest.mark.parametrize(
    ("which", "host", "wanted"),
    [
        ("old public", f"{IID}.mqtt.iothub.aliyuncs.com", "a1B2c3D4e5F.iot-as-mqtt.cn-shanghai"),
        (
            "old public",
            "a1B2c3D4e5F.iot-as-mqtt.us-west-1.aliyuncs.com",
            "a1B2c3D4e5F.iot-as-mqtt",
        ),
        ("old public", "a1Another00.iot-as-mqtt.cn-shanghai.aliyuncs.com", "a1B2c3D4e5F.iot-as"),
        ("old public", "a1B2c3D4e5F.iot-as-mqtt.cn-shanghai.aliyuncs.com", ""),
        ("old public", "localhost", ""),
        ("new public", "a1B2c3D4e5F.iot-as-mqtt.cn-shanghai.aliyuncs.com", IID),
        ("new public", "iot-another0.mqtt.iothub.aliyuncs.com", IID),
        ("enterprise in Beijing", f"{IID}.mqtt.iothub.aliyuncs.com", ""),
    ],
)
def test_the_host_of_another_instance_is_refused(
    platform: Platform, which: str, host: str, wanted: str
):
    party = _on(platform, INSTANCES[which])
    for packet, kind in (
        (party.register(), "registration_refused"),
        (party.log_in(), "login_refused"),
    ):
        with _dialled(platform, host) as wire:
            assert wire.ask(packet) == (refused(4) if wanted else ACCEPTED)
        if wanted:
            reason = platform.expect(kind, timeout=0).reason
            assert reason.startswith(f"host {host}; the ")
            assert f" is reached at {wanted}" in reason


@pytest.mark.parametrize(
    ("which", "sent", "reason"),
    [
        ("new public", IID, ""),
        ("new public", "iot-another0", "instanceId iot-another0 was sent; the product is of the "),
        (
            "old public",
            IID,
            f"instanceId {IID} was sent; the product is of the old public instance in ",
        ),
    ],
)
def test_the_instance_id_of_another_instance_is_refused(
    platform: Platform, which: str, sent: str, reason: str
):
    party = _on(platform, INSTANCES[which])
    packet = connect(
        f"dev-1.a1B2c3D4e5F|securemode=2,authType=register,random=1,signmethod=hmacsha256"
        f",instanceId={sent}|",
        party.user,
        sign(party.product.secret, "deviceNamedev-1productKeya1B2c3D4e5Frandom1"),
    )
    with Wire.tls(platform) as wire:
        assert wire.ask(packet) == (refused(4) if reason else ACCEPTED)
    if reason:
        event = platform.expect("registration_refused", timeout=0)
        assert event.reason.startswith(reason)


def test_client_without_sni_is_accepted(platform: Platform):
    party = _on(platform, INSTANCES["new public"])
    context = ssl.create_default_context(cafile=platform.ca_pem)
    context.check_hostname = False
    plain = socket.create_connection(("127.0.0.1", platform.mqtt_tls_port), timeout=PATIENCE)
    with Wire(context.wrap_socket(plain)) as wire:
        assert wire.ask(party.log_in()) == ACCEPTED


@pytest.mark.parametrize("instance", ["", "iot-1"])
@pytest.mark.parametrize("settings", [Settings(), Settings(instances="lenient")])
def test_undeclared_instance_is_public_by_default(
    make_platform: Callable[..., Platform], settings: Settings, instance: str
):
    platform = make_platform(strict=True, settings=settings)
    product = platform.console.create_product(instance=instance)
    with Wire.tls(platform) as wire:
        answer = wire.ask(Party(product, "dev-1").register("regnwl"))
    assert answer == (ACCEPTED if settings.instances == "lenient" else refused(4))


def test_product_is_created_with_its_instance(make_platform: Callable[..., Platform]):
    platform = make_platform(strict=True)
    product = platform.console.create_product(instance=Instance("iot-1"))
    assert product.instance == "iot-1"
    with Wire.tls(platform) as wire:
        assert wire.ask(Party(product, "dev-1").register("regnwl")) == ACCEPTED


@pytest.mark.parametrize("node_type", [0, 1, 2])
def test_sub_device_product_takes_no_free_registration(platform: Platform, node_type: int):
    product = platform.console.create_product(node_type=node_type)
    party = Party.of(product, platform.console.add_device(product.key, "dev-1"))
    with Wire.tls(platform) as wire:
        answer = wire.ask(party.register("regnwl"))
    assert answer == (refused(4) if node_type == 2 else ACCEPTED)
    if node_type == 2:
        reason = platform.expect("registration_refused", timeout=0).reason
        assert reason == (
            "preregistration-free registration is not for a product of gateway sub-devices"
        )
    with Wire.tls(platform) as wire:
        assert wire.ask(party.register()) == ACCEPTED


def test_device_in_a_topology_takes_no_free_registration(platform: Platform):
    gateways = platform.console.create_product(node_type=1)
    product = platform.console.create_product()
    platform.console.add_device(gateways.key, "gateway-1")
    platform.console.add_device(product.key, "meter-1")
    platform.cloud.add_sub_device(product.key, "meter-1", gateway=(gateways.key, "gateway-1"))
    for party, answer in (
        (Party(product, "meter-1"), refused(4)),
        (Party(product, "meter-2"), ACCEPTED),
        (Party(gateways, "gateway-1"), ACCEPTED),
    ):
        with Wire.tls(platform) as wire:
            assert wire.ask(party.register("regnwl")) == answer


def test_unknown_node_type_is_refused(platform: Platform):
    with pytest.raises(RegistryError, match="node_type is 3; use 0 "):
        platform.console.create_product(node_type=3)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (("iot-1", "private"), "kind is 'private'; use old_public, public, enter"),
        (("", "enterprise"), "the old public instance has the id ''"),
        (("iot-1", "old_public"), "the old public instance has the id ''"),
        (("iot-1", "public", "cn-beijing"), "region is 'cn-beijing'; for public use cn-shanghai"),
        (("", "old_public", "cn-shenzhen"), "region is 'cn-shenzhen'; for old_public use cn-sh"),
        (("iot-1", "enterprise", "mars"), "region is 'mars'; for enterprise use cn-shanghai, "),
    ],
)
def test_invalid_instance_is_refused(fields: tuple[str, ...], said: str):
    with pytest.raises(InstanceError) as caught:
        Instance(*fields)
    assert said in str(caught.value)


def test_instances_of_setup_file_survive_a_restart(
    make_platform: Callable[..., Platform], tmp_path: Path
):
    path = tmp_path / "world.toml"
    path.write_text(
        '[[instance]]\nid = "iot-1"\nkind = "public"\n'
        '[[product]]\nkey = "a1B2c3D4e5F"\nsecret = "Pr0dSecretAbCdEf"\ninstance = "iot-1"\n'
    )
    first = make_platform(strict=True, state=tmp_path / "state")
    setup_file.apply(first, setup_file.read(path))
    first.stop()
    second = make_platform(state=tmp_path / "state")  # Lenient.
    with Wire.tls(second) as wire:
        party = Party(second.console.product("a1B2c3D4e5F"), "dev-1")
        assert wire.ask(party.register("regnwl")) == refused(4)
    second.console.create_product(key="a1B2c3D4e5F", instance="iot-2")  # It is not declared.
    with Wire.tls(second) as wire:
        assert wire.ask(party.register("regnwl")) == ACCEPTED


def test_setup_file_error_names_file_and_table(tmp_path: Path):
    path = tmp_path / "world.toml"
    path.write_text('[[instance]]\nid = "iot-1"\nkind = "public"\nregion = "cn-beijing"\n')
    with pytest.raises(SetupError) as caught:
        setup_file.read(path)
    assert str(caught.value) == (
        f"{path}, instance 1: region is 'cn-beijing'; for public use cn-shanghai"
    )
