"""The rules of products and devices that no wire shows."""

from __future__ import annotations

import pytest

from alink_sim.platform import Settings
from alink_sim.platform.state.entities import Device, Entity, Product
from alink_sim.platform.state.registry import Registry, RegistryError


@pytest.fixture
def changed() -> list[Entity]:
    return []


@pytest.fixture
def registry(changed) -> Registry:
    return Registry(on_change=changed.append, on_remove=changed.append)


def test_new_product_has_generated_keys(registry: Registry):
    one, other = registry.create_product(), registry.create_product()
    assert one.key != other.key
    assert one.secret != other.secret
    assert (len(one.key), one.key[:2], len(one.secret)) == (11, "a1", 16)
    assert (one.dynamic_registration, one.node_type, one.instance) == (True, 0, "")


def test_creating_again_changes_only_given_fields(registry: Registry):
    first = registry.create_product(key="k", secret="s", dynamic_registration=False)
    again = registry.create_product(key="k", instance="iot-1")
    assert again is first
    assert (again.secret, again.dynamic_registration, again.instance) == ("s", False, "iot-1")


def test_a_product_keeps_its_secret(registry: Registry):
    registry.create_product(key="k", secret="s")
    with pytest.raises(RegistryError, match="product k exists with another ProductSecret"):
        registry.create_product(key="k", secret="t")


def test_adding_existing_device_changes_nothing(registry: Registry, changed):
    product = registry.create_product()
    first = registry.add_device(product.key, "dev-1")
    there = len(changed)
    assert registry.add_device(product.key, "dev-1") is first
    assert registry.add_device(product.key, "dev-1", secret=first.secret) is first
    assert len(changed) == there


def test_a_device_keeps_its_secret(registry: Registry):
    product = registry.create_product()
    registry.add_device(product.key, "dev-1", secret="s")
    with pytest.raises(RegistryError, match="dev-1 exists with another DeviceSecret"):
        registry.add_device(product.key, "dev-1", secret="t")


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda r: r.create_product(key="with blank"), "ProductKey 'with blank' is not allowed"),
        (lambda r: r.create_product(key="k" * 21), "1 to 20 letters and digits"),
        (lambda r: r.create_product(secret="with blank"), "ProductSecret of 10 characters"),
        (lambda r: r.create_product(secret=""), "ProductSecret of 0 characters"),
        (lambda r: r.create_product(node_type=3), "1 (gateway) or 2 (gateway sub-device)"),
        (lambda r: r.add_device("k", "abc"), "DeviceName 'abc' is not allowed: write 4 to 32"),
        (lambda r: r.add_device("k", "a" * 33), "4 to 32"),
        (lambda r: r.add_device("k", "a&bcd"), "4 to 32"),
        (lambda r: r.add_device("k", "dev-1", secret="s" * 65), "DeviceSecret of 65 characters"),
        (lambda r: r.add_device("nope", "dev-1"), "no product nope: create it first"),
        (lambda r: r.device("k", "nope"), "no device k/nope: add it first"),
        (lambda r: r.switch_client_id("k", "here", "cid"), "k/here has no ClientID cid"),
        (lambda r: r.remove_product("k"), "product k has devices: remove them first"),
    ],
)
def test_forbidden_change_is_one_sentence(registry: Registry, call, says):
    registry.create_product(key="k")
    registry.add_device("k", "here")
    with pytest.raises(RegistryError) as caught:
        call(registry)
    assert says in str(caught.value)
    assert "with blank" not in str(caught.value) or "ProductKey" in says


def test_a_product_without_devices_can_be_removed(registry: Registry, changed):
    product = registry.create_product(key="k")
    registry.add_device("k", "dev-1")
    registry.remove_device("k", "dev-1")
    assert registry.remove_product("k") is product
    assert not registry.products
    assert not registry.devices


def test_secrets_are_in_no_repr(registry: Registry):
    product = registry.create_product()
    device, issued = registry.register_without_preregistration(
        product, "dev-1", now=0, settings=Settings()
    )
    for thing in (product, device):
        assert product.secret not in repr(thing)
        assert device.secret not in repr(thing)
        assert issued.token not in repr(thing)


def test_status_follows_the_life_of_a_device():
    device = Device(product_key="k", name="dev-1", secret="s", iot_id="i")
    assert device.status == "Inactive"
    device.activated, device.sessions = True, 1
    assert device.status == "Online"
    device.sessions = 0
    assert device.status == "Offline"
    device.enabled = False
    assert device.status == "Disabled"


def test_a_login_that_changes_nothing_is_not_written(registry: Registry, changed):
    product: Product = registry.create_product()
    device, issued = registry.register_without_preregistration(
        product, "dev-1", now=0, settings=Settings()
    )
    registry.log_in(device, issued, now=1)
    there = len(changed)
    registry.log_in(device, issued, now=2)
    assert len(changed) == there
    assert issued.first_connected == 1
