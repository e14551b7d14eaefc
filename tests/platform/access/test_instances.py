"""Instances: what each kind can do, its host and id, on the wire and in the event log."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from alink_sim.platform import Instance, InstanceError, Platform, Settings
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


@pytest.mark.parametrize(("instances", "instance"), [("declared", ""), ("strict", "")])
def test_setting_decides_whether_undeclared_instances_are_checked(
    make_platform: Callable[..., Platform], instances: str, instance: str
):
    platform = make_platform(settings=Settings(instances=instances))
    product = platform.console.create_product(instance=instance)
    with Wire.tls(platform) as wire:
        answer = wire.ask(Party(product, "dev-1").register("regnwl"))
    assert answer == (ACCEPTED if instances == "declared" else refused(4))


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
    first = make_platform(state=tmp_path / "state")
    setup_file.apply(first, setup_file.read(path))
    first.stop()
    second = make_platform(state=tmp_path / "state")
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
