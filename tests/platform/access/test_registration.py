"""Dynamic registration over a real socket: credentials, refusals and their reasons."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from alink_sim.clock import ManualClock
from alink_sim.platform import Platform, Product, Settings
from tests.platform.wire import ACCEPTED, Party, Wire, connect, publish, refused, sign, subscribe

pytestmark = pytest.mark.usefixtures("database_url")  # on both engines


def refusal(platform: Platform) -> tuple[int | None, str]:
    """Return code and reason of the refusal that the log holds."""
    event = platform.expect("registration_refused", timeout=0)
    return event.code, event.reason


def register(platform: Platform, packet: bytes) -> bytes:
    with Wire.tls(platform) as wire:
        return wire.ask(packet)


@pytest.mark.client_row(3, "the push behind CONNACK, compact")
def test_connack_and_credential_arrive_together_in_compact_json(platform: Platform, party: Party):
    with Wire.tls(platform) as wire:
        wire.send(party.register())
        assert wire.read() == ACCEPTED
        expected = (
            b'{"productKey":"a1B2c3D4e5F","deviceName":"esp32-240AC4A1B2C3","deviceSecret":"%s"}'
            % party.device_secret.encode()
        )
        assert wire.read() == publish("/ext/register", expected)


def test_setting_chooses_the_topic_of_regnwl_credentials(make_platform):
    platform = make_platform(settings=Settings(regnwl_topic="/ext/register"))
    party = Party(platform.console.create_product(), "dev-1")
    with Wire.tls(platform) as wire:
        assert wire.ask(party.register("regnwl")) == ACCEPTED
        assert wire.read_publish()[0] == "/ext/register"


def test_registration_returns_same_secret_until_first_login(platform: Platform, party: Party):
    secrets = set()
    for _ in range(3):
        with Wire.tls(platform) as wire:
            assert wire.ask(party.register()) == ACCEPTED
            secrets.add(wire.read_publish()[1]["deviceSecret"])
    assert secrets == {party.device_secret}
    with Wire.tls(platform) as wire:
        assert wire.ask(party.log_in()) == ACCEPTED
    assert register(platform, party.register()) == refused(4)
    assert refusal(platform)[0] == 6289


def test_setting_rotate_secret_issues_a_new_secret(make_platform):
    platform = make_platform(settings=Settings(rotate_secret=True))
    product = platform.console.create_product()
    party = Party.of(product, platform.console.add_device(product.key, "dev-1"))
    secrets = [party.device_secret]
    for _ in range(2):
        with Wire.tls(platform) as wire:
            assert wire.ask(party.register()) == ACCEPTED
            secrets.append(wire.read_publish()[1]["deviceSecret"])
    assert len(set(secrets)) == 3
    with Wire.tls(platform) as wire:
        assert wire.ask(party.log_in(secret=secrets[1])) == refused(4)
    with Wire.tls(platform) as wire:
        assert wire.ask(party.log_in(secret=secrets[2])) == ACCEPTED


def test_reset_allows_registration_and_keeps_status_and_secret(platform: Platform, party: Party):
    with Wire.tls(platform) as wire:
        wire.ask(party.log_in())
        wire.send(b"\xe0\x00")
        assert wire.read() == b""
    platform.console.reset_device(party.product.key, party.name)
    assert platform.console.device(party.product.key, party.name).status == "Offline"
    with Wire.tls(platform) as wire:
        assert wire.ask(party.register()) == ACCEPTED
        assert wire.read_publish()[1]["deviceSecret"] == party.device_secret


def test_registration_alone_does_not_activate(platform: Platform, party: Party):
    assert register(platform, party.register()) == ACCEPTED
    device = platform.console.device(party.product.key, party.name)
    assert (device.status, device.activated) == ("Inactive", False)


def test_sixth_client_id_is_refused_until_clear(platform: Platform, product: Product):
    party = Party(product, "made-by-itself")
    issued = set()
    for _ in range(5):
        with Wire.tls(platform) as wire:
            assert wire.ask(party.register("regnwl")) == ACCEPTED
            answer = wire.read_publish()[1]
            issued.add((answer["clientId"], answer["deviceToken"]))
    assert len(issued) == 5
    assert register(platform, party.register("regnwl")) == refused(4)
    assert refusal(platform) == (
        None,
        "all 5 ClientIDs of this DeviceName are issued; clear them",
    )
    platform.console.clear_client_ids(product.key, party.name)
    assert register(platform, party.register("regnwl")) == ACCEPTED


NOT_PS = "the signature does not fit the ProductSecret"


def after(_done: object, packet: bytes) -> bytes:
    return packet


REFUSALS: dict[str, tuple[Callable[[Platform, Party], bytes], int, int | None, str]] = {
    "a wrong ProductSecret": (
        lambda _platform, party: party.register(secret="WrongSecret00000"),
        4,
        6600,
        NOT_PS,
    ),
    "the DeviceSecret instead": (
        lambda _platform, party: party.register(secret=party.device_secret),
        4,
        6600,
        NOT_PS + "; it is that of a registration with the DeviceSecret by hmacsha256",
    ),
    "a password that is not a signature": (
        lambda _platform, party: connect(
            "c|securemode=2,authType=register,random=1,signmethod=hmacsha256|",
            party.user,
            "secret",
        ),
        4,
        6600,
        "the password has 6 characters: not a hex signature",
    ),
    "an unknown DeviceName": (
        lambda _platform, party: Party(party.product, "unknown").register(),
        4,
        6100,
        "this DeviceName is not pre-registered",
    ),
    "an unknown ProductKey": (
        lambda _platform, party: Party(Product("a1Nowhere", "s", "n"), party.name).register(),
        4,
        6250,
        "product not found",
    ),
    "the switch is off": (
        lambda platform, party: after(
            platform.console.set_dynamic_registration(party.product.key, False), party.register()
        ),
        4,
        6288,
        "dynamic registration is switched off for this product",
    ),
    "the device is disabled": (
        lambda platform, party: after(
            platform.console.disable_device(party.product.key, party.name), party.register()
        ),
        4,
        6204,
        "device is disabled",
    ),
    "a sign method that is not supported": (
        lambda _platform, party: connect(
            "c|securemode=2,authType=register,random=1,signmethod=hmacsha512|", party.user, "00"
        ),
        2,
        6292,
        "sign method 'hmacsha512' is not supported",
    ),
    "no random": (
        lambda _platform, party: connect(
            "c|securemode=2,authType=register,signmethod=hmacsha256|", party.user, "00"
        ),
        2,
        460,
        "a registration needs random",
    ),
    "no securemode": (
        lambda _platform, party: connect(
            "c|authType=register,random=1,signmethod=hmacsha256|", party.user, "00"
        ),
        2,
        460,
        "securemode is missing; register takes 2 or -2",
    ),
    "securemode 3": (
        lambda _platform, party: connect(
            "c|securemode=3,authType=regnwl,random=1|", party.user, "00"
        ),
        2,
        460,
        "securemode is 3; regnwl takes 2 or -2",
    ),
    "a user name without its bar": (
        lambda _platform, party: connect(
            "c|securemode=2,authType=register,random=1|", party.name, "00"
        ),
        2,
        460,
        "the user name is not DeviceName&ProductKey",
    ),
    "a client id of 65 characters": (
        lambda _platform, party: connect(
            "c" * 65 + "|securemode=2,authType=register,random=1|", party.user, "00"
        ),
        2,
        460,
        "65 characters before the first bar, not 1..64",
    ),
    "a DeviceName of three characters": (
        lambda _platform, party: Party(party.product, "abc").register("regnwl"),
        2,
        460,
        "DeviceName is not 4 to 32 of letters, digits and -_@.:",
    ),
}


@pytest.mark.client_row(3, "a refusal is a CONNACK")
@pytest.mark.parametrize("case", REFUSALS)
def test_registration_is_refused_for(platform: Platform, party: Party, case):
    make, connack, code, reason = REFUSALS[case]
    with Wire.tls(platform) as wire:
        assert wire.ask(make(platform, party)) == refused(connack)
        assert wire.read() == b""
    assert refusal(platform) == (code, reason)


def test_registration_needs_tls(platform: Platform, party: Party):
    with Wire.plain(platform) as wire:
        assert wire.ask(party.register()) == refused(2)
    assert refusal(platform) == (460, "a registration needs TLS, the connection is plain TCP")


@pytest.mark.parametrize("code", [3, 4, 5])
def test_setting_chooses_connack_of_signed_refused_registration(make_platform, code):
    platform = make_platform(settings=Settings(refused_code=code))
    product = platform.console.create_product(dynamic_registration=False)
    party = Party.of(product, platform.console.add_device(product.key, "dev-1"))
    assert register(platform, party.register()) == refused(code)
    assert register(platform, party.register(secret="WrongSecret00000")) == refused(4)


def test_setting_push_qos_sends_credential_at_qos_1(make_platform):
    platform = make_platform(settings=Settings(push_qos=1))
    party = Party(platform.console.create_product(), "dev-1")
    with Wire.tls(platform) as wire:
        assert wire.ask(party.register("regnwl")) == ACCEPTED
        assert wire.read_publish()[2] == 1
        assert wire.ask(b"\x40\x02\x00\x01", b"\xc0\x00") == b"\xd0\x00"


@pytest.mark.parametrize(
    "packet", [publish("/a/b", b"x"), subscribe(1, ("/ext/register", 0))], ids=["publish", "sub"]
)
def test_other_traffic_ends_a_registration_connection(platform, party, packet):
    with Wire.tls(platform) as wire:
        assert wire.ask(party.register()) == ACCEPTED
        wire.read_publish()
        wire.send(packet)
        assert wire.read() == b""
    assert (
        platform.expect("protocol_error").reason == "a registration connection may do nothing else"
    )


def test_setting_ignores_traffic_in_a_registration_connection(make_platform):
    platform = make_platform(settings=Settings(registration_traffic="ignore"))
    party = Party(platform.console.create_product(), "dev-1")
    with Wire.tls(platform) as wire:
        wire.ask(party.register("regnwl"))
        wire.read_publish()
        assert wire.ask(publish("/a/b", b"x"), b"\xc0\x00") == b"\xd0\x00"


@pytest.mark.client_row(3, "no close behind the push")
def test_idle_registration_connection_ends_after_15_seconds(
    platform: Platform, party: Party, clock: ManualClock
):
    with Wire.tls(platform) as wire:
        wire.ask(party.register())
        wire.read_publish()
        clock.advance(14.9)
        assert wire.ask(b"\xc0\x00") == b"\xd0\x00"  # A ping does not prolong it.
        clock.advance(0.2)
        assert wire.read() == b""
    assert platform.expect("registration_timeout", timeout=0).device_name == party.name


@pytest.mark.client_row(1, "TLS on that port too")
@pytest.mark.parametrize("door", [Wire.tls, Wire.plain])
@pytest.mark.parametrize("first", [b"", b"\x10"])
def test_connection_without_connect_ends_after_15_seconds(
    platform: Platform, party: Party, clock: ManualClock, door, first
):
    with door(platform) as wire:
        wire.send(first)
        for port in (platform.mqtt_port, platform.mqtt_tls_port):
            with Wire.tls(platform, port) as later:  # Served, so the first one was accepted.
                assert later.ask(party.log_in()) == ACCEPTED
        clock.advance(15)
        assert wire.read() == b""
    platform.expect("connect_timeout", timeout=0)


def test_no_secret_is_in_an_event(platform: Platform, party: Party, product: Product):
    register(platform, party.register())
    register(platform, party.register(secret="WrongSecret00000"))
    with Wire.tls(platform) as wire:
        wire.ask(Party(product, "dev-2").register("regnwl"))
        answer = wire.read_publish()[1]
    content = f"deviceName{party.name}productKey{product.key}random123"
    events = repr(platform.events()) + str(platform.events())
    for secret in (
        product.secret,
        party.device_secret,
        answer["deviceToken"],
        sign(product.secret, content),
    ):
        assert secret not in events


_KILLED = """
import os, signal, sys
from pathlib import Path
from alink_sim.platform import Instance, Platform
from alink_sim.platform.mqtt.connection import Connection

def die(self, data):
    # The platform is killed when the first byte of an answer would leave it.
    os.kill(os.getpid(), signal.SIGKILL)

platform = Platform(database_url=sys.argv[1], ca=Path(sys.argv[2])).start()
product = platform.console.create_product(
    key="a1B2c3D4e5F", secret="Pr0dSecretAbCdEf", instance=Instance("iot-1")
)
Connection._write = die
print(platform.mqtt_tls_port, flush=True)
signal.pause()
"""


def test_credential_is_committed_before_it_is_sent(make_platform, ca: Path, database_url: str):
    # The platform is killed before it sends the credential, and after it commits it.
    command = [sys.executable, "-c", _KILLED, database_url, str(ca)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        port = int(process.stdout.readline())
        helper = make_platform(database_url=None)
        party = Party(Product("a1B2c3D4e5F", "Pr0dSecretAbCdEf", "p"), "dev-1")
        with Wire.tls(helper, port) as wire:
            wire.send(party.register("regnwl"))
            assert wire.read() == b""
    assert process.returncode == -signal.SIGKILL
    after = make_platform()
    (issued,) = after.console.device("a1B2c3D4e5F", "dev-1").client_ids
    with Wire.tls(after) as wire:
        assert wire.ask(party.log_in_with(issued.client_id, issued.token)) == ACCEPTED
