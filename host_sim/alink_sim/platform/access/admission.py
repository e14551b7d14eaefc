"""Judge registrations and logins: credentials in, a credential or a device out.

docs/reference/protocol.md, "Dynamic registration" and "Login". MQTT and HTTPS both call it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from alink_sim.platform.access import auth, signature_hints
from alink_sim.platform.access.auth import Credentials, Kind
from alink_sim.platform.access.instance_rules import check_instance
from alink_sim.platform.access.node_rules import check_node
from alink_sim.platform.core import Core
from alink_sim.platform.state.entities import ClientId, Device, Product
from alink_sim.platform.state.instances import instance_of
from alink_sim.platform.state.refusal import Code, RefusedError, VersionError

_MQTT_5 = 5  # The protocol level.
_VERSION = "mqtt"  # The document of a device that has spoken MQTT 5.
_DIGITS = re.compile(r"[0-9]{1,16}")


async def register(core: Core, credentials: Credentials) -> Mapping[str, str]:
    """Return the registration's reply, which is at rest by then. Raises RefusedError."""
    registry = core.registry
    product = registry.product_of(credentials.product_key)
    name = credentials.device_name
    if not auth.registration_is_signed(credentials, product.secret):
        raise _wrongly_signed(core, credentials, needs="ProductSecret")
    _check_instance(core, product, credentials)
    check_node(registry, product, credentials)
    reply = {"productKey": product.key, "deviceName": name}
    if credentials.kind is Kind.REGISTER:
        rotate = core.settings.rotate_secret
        reply["deviceSecret"] = registry.register(product, name, rotate_secret=rotate).secret
    else:
        now = core.clock.time()
        device, issued = registry.register_without_preregistration(
            product, name, now=now, settings=core.settings
        )
        reply |= {"clientId": issued.client_id, "deviceToken": issued.token}
        if device.alert:
            core.note("client_id_alert", credentials, reason=device.alert)
    await core.commits.settled()
    return reply


async def log_in(
    core: Core, credentials: Credentials, *, activates: bool = True, over_mqtt: bool = True
) -> tuple[Device, ClientId | None]:
    """Return the device and the pair it came with; its activation is at rest by then.

    None instead of a pair: it came with its DeviceSecret. Over HTTPS, the channel judges the
    timestamp. Raises RefusedError.
    """
    registry = core.registry
    device = registry.device_for_login(credentials.product_key, credentials.device_name)
    issued = _proven(core, credentials, device)
    _check_version(core, credentials, device)
    if over_mqtt:
        _check_age(core, credentials)
    _check_instance(core, registry.product_of(device.product_key), credentials)
    if core.registry.gateway_of(device) and core.settings.sub_device_alone == "refuse":
        raise RefusedError(None, "a sub-device logs in through its gateway only")
    if activates:
        registry.log_in(device, issued, now=core.clock.time())
    await core.commits.settled(device)  # A login that changes nothing waits for no disk.
    # While that was written, an operator may have thought otherwise.
    if registry.device_for_login(device.product_key, device.name) is not device:
        raise RefusedError(Code.NO_DEVICE, "the device was removed meanwhile")
    if issued:
        registry.client_id_for_login(device, issued.client_id)
    return device, issued


def _check_instance(core: Core, product: Product, credentials: Credentials) -> None:
    instance = instance_of(product, strict=core.settings.instances == "strict")
    check_instance(instance, credentials, regnwl=core.settings.regnwl_regions.split("+"))


def _proven(core: Core, credentials: Credentials, device: Device) -> ClientId | None:
    if credentials.kind is Kind.CONNWL:
        issued = core.registry.client_id_for_login(device, credentials.client_id)
        if not auth.token_matches(credentials, issued.token):
            raise RefusedError(Code.SIGNATURE, "the password is not the DeviceToken")
        life = core.settings.device_token_seconds
        if life and core.clock.time() >= issued.created + life:
            raise RefusedError(None, f"the DeviceToken is older than {life:g} s: register again")
        return issued
    optional = core.settings.login_without_client_id
    if not auth.login_is_signed(credentials, device.secret, client_id_optional=optional):
        raise _wrongly_signed(core, credentials, needs="DeviceSecret")
    return None


def _check_version(core: Core, credentials: Credentials, device: Device) -> None:
    """Return if the device keeps to its version of MQTT. Raises VersionError."""
    if credentials.level >= _MQTT_5:
        if not device.documents.get(_VERSION):
            core.registry.keep(device, _VERSION, credentials.level)
    elif device.documents.get(_VERSION):
        raise VersionError("the device has logged in with MQTT 5, and may not go back")


def _check_age(core: Core, credentials: Credentials) -> None:
    most = core.settings.login_seconds
    sent = credentials.extension.get("timestamp", "")
    if not most or credentials.kind is not Kind.LOGIN:
        return
    if not _DIGITS.fullmatch(sent):
        raise RefusedError(Code.SIGNATURE, "the login sends no timestamp in milliseconds")
    off = int(sent) / 1000 - core.clock.time()
    if abs(off) > most:
        late = "behind" if off < 0 else "ahead"
        raise RefusedError(
            Code.SIGNATURE,
            f"the timestamp of the login is {abs(off):.0f} s {late}; {most:g} s are allowed",
        )


def _wrongly_signed(core: Core, credentials: Credentials, *, needs: str) -> RefusedError:
    secrets = {"ProductSecret": core.registry.product_of(credentials.product_key).secret}
    device = core.registry.devices.get((credentials.product_key, credentials.device_name))
    if device:
        secrets["DeviceSecret"] = device.secret
    return RefusedError(
        Code.SIGNATURE, signature_hints.explain(credentials, needs=needs, secrets=secrets)
    )
