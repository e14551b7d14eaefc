"""No secret of the registry ever stands in an event, a log line or a repr, wherever it was put."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alink_sim.platform import Platform, Settings
from alink_sim.platform.state.masking import Mask
from tests.platform import http_requests
from tests.platform.gateway import GATEWAY_PK, SUB_PK, Gateway, signed, sub
from tests.platform.wire import ACCEPTED, Party, Wire, connect, publish, subscribe

PK, PS, DN, DS = "a1B2c3D4e5F", "Pr0dSecretAbCdEf", "dev-1", "0123456789abcdef" * 2


class World:
    """A platform with a device of each kind, and everything on it that is secret."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        product = platform.console.create_product(key=PK, secret=PS)
        self.party = Party.of(product, platform.console.add_device(PK, DN, secret=DS))
        self.issued = platform.console.issue_client_id(PK, "dev-2")
        platform.console.disable_device(PK, platform.console.add_device(PK, "dev-3").name)
        # Later, properties hold whatever a device has reported.
        things = [platform, *platform.console.products(), *platform.console.devices(), self.issued]
        self.reprs = repr([*things, platform.access_key])

    @property
    def secrets(self) -> set[str]:
        devices = self.platform.console.devices()
        return {
            *(product.secret for product in self.platform.console.products()),
            *(device.secret for device in devices),
            *(one.token for device in devices for one in device.client_ids),
            self.platform.access_key.secret,
        }


@pytest.fixture
def world(make_platform: Callable[..., Platform]) -> World:
    # The documented rates would refuse this many wrong requests.
    settings = Settings(https_registrations_a_minute=10**6, sub_logins_a_minute=10**6)
    return World(make_platform(settings=settings))


def connects(secret: str) -> Iterator[bytes]:
    """Yield CONNECTs with a secret in each place in turn."""
    good = "securemode=2,signmethod=hmacsha256"
    register = "securemode=2,authType=register,random=1,signmethod=hmacsha256"
    connwl = "securemode=-2,authType=connwl"
    user = f"{DN}&{PK}"
    for rest in (good, register, register.replace("register", "regnwl"), connwl):
        yield connect(f"c|{rest}|", user, secret)
        yield connect(f"{secret}|{rest}|", user, "wrong")
        yield connect(f"c{secret}c|{rest}|", user, "wrong")
        yield connect(f"c|{rest},_v={secret}|", user, "wrong")
        yield connect(f"c|{rest}|", f"{secret}&{PK}", "wrong")
        yield connect(f"c|{rest}|", f"{DN}&{secret}", "wrong")
        yield connect(f"c|{rest}|", f"dev-3&{PK}", secret)
    for name in ("securemode", "signmethod", "authType", "timestamp", "random"):
        yield connect(f"c|{register},{name}={secret}|", user, secret)
    yield connect(secret, secret, secret)


def messages(own: str, secret: str) -> Iterator[bytes]:
    """Yield what a device may send, a secret in each place in turn; `own` is PK/DN."""
    body = json.dumps({"id": secret, "method": secret, "params": {secret: secret}}).encode()
    for tail in (
        "event/property/post",
        f"event/{secret}/post",
        "deviceinfo/update",
        "config/get",
        "log/post",
        "topo/add",
        "sub/register",
        f"service/{secret}",
        secret,
    ):
        yield publish(f"/sys/{own}/thing/{tail}", body)
        yield publish(f"/sys/{own}/thing/{tail}", secret.encode())
    yield publish(
        f"/shadow/update/{own}", json.dumps({"method": secret, "state": secret}).encode()
    )
    yield publish(f"/{own}/user/{secret}", secret.encode())
    yield publish(f"/{secret}/{secret}", b"")
    yield subscribe(1, (f"/{own}/user/{secret}", 0), (f"/{secret}/{DN}/user/get", 0))


def forms(secret: str) -> Iterator[bytes]:
    """Yield HTTPS registrations with a secret in each field in turn."""
    for field in ("productKey", "deviceName", "random", "sign", "signMethod"):
        yield http_requests.form(PK, DN, PS, **{field: secret})


def leaks(text: str, secrets: set[str]) -> list[str]:
    """Return where the secrets stand, with what is around them."""
    return [
        text[max(at - 80, 0) : at + 40] for one in secrets for at in [text.find(one)] if at >= 0
    ]


def shown(world: World, caplog: pytest.LogCaptureFixture) -> str:
    """Return all that a person may get to see."""
    platform = world.platform
    events = platform.events()
    parts: list[object] = [platform, platform.log.tail(10**6), caplog.text, world.reprs]
    parts += [json.dumps(event.as_json()) for event in events]
    parts += [f"{event!r} {event}" for event in events]
    return "\n".join(map(repr, parts))


def served(world: World, packets: Iterator[bytes]) -> None:
    """Send packets from a device online, which logs in again whenever it is thrown out."""
    packet = next(packets, None)
    while packet:
        with Wire.tls(world.platform) as wire:
            assert wire.ask(world.party.log_in()) == ACCEPTED
            answer = b"more"
            while packet and answer:
                wire.send(packet, b"\xc0\x00")
                while (answer := wire.read()) not in (b"\xd0\x00", b""):
                    pass
                packet = next(packets, None)


def test_no_event_shows_a_devices_secret(world: World, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    platform = world.platform
    for secret in (PS, DS, world.issued.token, platform.access_key.secret):
        for packet in connects(secret):
            with Wire.tls(platform) as wire:
                wire.send(packet)
                wire.read()
        served(world, messages(f"{PK}/{DN}", secret))
        for form in forms(secret):
            http_requests.post(platform, "/auth/register/device", form, http_requests.FORM)
        fields = dict.fromkeys(("productKey", "deviceName", "clientId", "sign"), secret)
        http_requests.post(platform, "/auth", json.dumps(fields).encode(), "application/json")
        path = f"/topic/sys/{PK}/{DN}/{quote(secret)}"
        http_requests.post(platform, path, b"", "application/octet-stream", f"password: {secret}")
    everything = shown(world, caplog) + "".join(capfd.readouterr())
    kinds = {event.kind for event in platform.events()}
    assert {"registration_refused", "login_refused", "online", "published"} <= kinds
    assert everything.count("***") > 100, "the secrets have reached the log"
    assert leaks(everything, world.secrets) == []


def test_no_event_shows_a_sub_devices_secret(make_platform, caplog):
    platform = make_platform(settings=Settings(sub_logins_a_minute=10**6))
    with Gateway(platform) as gateway:
        device = sub(platform)
        platform.cloud.add_sub_device(SUB_PK, device.name, gateway=(GATEWAY_PK, gateway.name))
        secrets = {device.secret, *(product.secret for product in platform.console.products())}
        for secret in sorted(secrets):
            for packet in messages(f"{GATEWAY_PK}/{gateway.name}", secret):
                gateway.wire.send(packet)
            for field in ("productKey", "deviceName", "clientId", "timestamp", "sign"):
                params = signed(**{field: secret})
                body = json.dumps({"id": secret, "params": [params]}).encode()
                gateway.wire.send(publish(gateway.topic("thing/topo/add"), body))
                body = json.dumps({"id": secret, "params": params}).encode()
                gateway.wire.send(publish(gateway.topic("combine/login"), body))
        gateway.wire.send(b"\xc0\x00")
        while gateway.wire.read() not in (b"\xd0\x00", b""):
            pass
    events = repr([(event, event.as_json()) for event in platform.events()])
    assert events.count("***") > 20
    assert leaks(events, secrets) == []


SECRET = st.text("abc01!", min_size=8, max_size=12)
TEXT = st.text("abc01! ", max_size=30)


@given(st.lists(SECRET, min_size=1, max_size=4), TEXT, TEXT, TEXT)
def test_a_text_loses_every_secret_and_nothing_else(secrets, before, between, after):
    mask = Mask()
    for secret in secrets:
        mask.learn(secret)
    text = between.join((before, *secrets, after))
    hidden = mask.hide({text: [text, 1, None]})
    assert not any(secret in repr(hidden) for secret in secrets)
    if not any(secret in between for secret in secrets):
        assert mask.hide(between) == between


def test_a_secret_that_was_voided_stays_hidden(make_platform):
    platform = make_platform()
    platform.console.create_product(key=PK, secret=PS)
    token = platform.console.issue_client_id(PK, DN).token
    platform.console.clear_client_ids(PK, DN)
    platform.console.remove_device(PK, DN)
    with Wire.tls(platform) as wire:
        wire.ask(connect(f"{token}|securemode=-2,authType=connwl|", f"{DN}&{PK}", token))
    assert platform.expect("login_refused").client_id == "***"
