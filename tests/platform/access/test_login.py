"""Login over a real socket: accepted and refused credentials, and the reason of a refusal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from alink_sim.platform import ClientId, Device, Platform, Product, Settings
from tests.platform.wire import ACCEPTED, Party, Wire, connect, refused, sign, text

pytestmark = pytest.mark.usefixtures("database_url")  # on both engines


def log_in(platform: Platform, packet: bytes) -> bytes:
    with Wire.tls(platform) as wire:
        return wire.ask(packet)


def status(platform: Platform, party: Party) -> str:
    return platform.console.device(party.product.key, party.name).status


def test_first_login_activates_and_disconnect_sets_offline(platform: Platform, party: Party):
    assert status(platform, party) == "Inactive"
    with Wire.tls(platform) as wire:
        assert wire.ask(party.log_in()) == ACCEPTED
        assert status(platform, party) == "Online"
        wire.send(b"\xe0\x00")
        assert wire.read() == b""
    assert platform.expect("offline", timeout=0).reason == "the device said DISCONNECT"
    assert status(platform, party) == "Offline"


def test_broken_connection_ends_the_session(platform: Platform, party: Party):
    with Wire.tls(platform) as wire:
        wire.ask(party.log_in())
    assert platform.expect("offline").reason == "the device closed the connection"
    assert status(platform, party) == "Offline"


NOT_DS = "the signature does not fit the DeviceSecret"

REFUSALS: dict[str, tuple[Callable[[Party], bytes], int, int | None, str]] = {
    "a wrong DeviceSecret": (
        lambda party: party.log_in(secret="0" * 32),
        4,
        6600,
        NOT_DS,
    ),
    "the ProductSecret instead": (
        lambda party: party.log_in(secret=party.product.secret),
        4,
        6600,
        NOT_DS + "; it is that of a login with the ProductSecret by hmacsha256",
    ),
    "another sign method than it names": (
        lambda party: connect(
            "board|securemode=2,signmethod=hmacsha1|",
            party.user,
            party.log_in()[-64:].decode(),
        ),
        4,
        6600,
        NOT_DS + "; it is that of a login with the DeviceSecret by hmacsha256",
    ),
    "an unknown device": (
        lambda party: Party(party.product, "unknown").log_in(secret="0" * 32),
        4,
        6100,
        "device not found",
    ),
    "an unknown product": (
        lambda party: Party(Product("a1Nowhere", "s", "n"), party.name).log_in(secret="0"),
        4,
        6250,
        "product not found",
    ),
    "an unknown token": (
        lambda party: party.log_in_with("9rSzUNMWj33f000112", "token"),
        4,
        None,
        "unknown ClientID: it was cleared, or never issued",
    ),
    "securemode -2 with a signature": (
        lambda party: connect("board|securemode=-2|", party.user, "00"),
        2,
        460,
        "securemode is -2; login takes 2 or 3",
    ),
    "securemode 2 with a token": (
        lambda party: connect("board|securemode=2,authType=connwl|", party.user, "token"),
        2,
        460,
        "securemode is 2; connwl takes -2",
    ),
    "an unknown authType": (
        lambda party: connect("board|securemode=2,authType=login|", party.user, "00"),
        2,
        460,
        "authType 'login' is not register, regnwl or connwl",
    ),
    "a client id without bars": (
        lambda party: connect("board", party.user, "00"),
        2,
        460,
        "securemode is missing; login takes 2 or 3",
    ),
    "a client id of 513 bytes": (
        lambda party: connect("c|securemode=2," + "x" * 497 + "|", party.user, "00"),
        2,
        460,
        "client id of 513 bytes; up to 512 go",
    ),
    "a will message": (
        lambda party: connect_with_will(party),  # noqa: PLW0108 (it is defined below)
        2,
        460,
        "will messages are not supported",
    ),
    "MQTT 6": (
        lambda party: party.log_in().replace(b"MQTT\x04", b"MQTT\x06"),
        1,
        None,
        "MQTT protocol level 6; 3.1, 3.1.1 and 5 are spoken here",
    ),
}


def connect_with_will(party: Party) -> bytes:
    whole = party.log_in(extra=",will=1")
    client_id = text("board|securemode=2,signmethod=hmacsha256,will=1|")
    body = whole[3:].replace(client_id, client_id + text("t") + text("m"))
    body = body[:7] + b"\xc6" + body[8:]
    assert len(body) < 128 * 128
    return bytes((0x10, len(body) % 128 | 0x80, len(body) // 128)) + body


@pytest.mark.parametrize("case", REFUSALS)
def test_login_is_refused_for(platform: Platform, party: Party, case):
    make, connack, code, reason = REFUSALS[case]
    with Wire.tls(platform) as wire:
        assert wire.ask(make(party)) == refused(connack)
        assert wire.read() == b""
    event = platform.expect("login_refused", timeout=0)
    assert (event.code, event.reason) == (code, reason)
    assert status(platform, party) == "Inactive"


def test_setting_ignores_the_will_of_a_connect(make_platform):
    platform = make_platform(settings=Settings(will="ignore"))
    product = platform.console.create_product()
    party = Party.of(product, platform.console.add_device(product.key, "dev-1"))
    assert log_in(platform, connect_with_will(party)) == ACCEPTED


def test_securemode_2_over_plain_tcp_is_refused(platform: Platform, party: Party):
    with Wire.plain(platform) as wire:
        assert wire.ask(party.log_in()) == refused(2)
    reason = platform.expect("login_refused", timeout=0).reason
    assert reason == "securemode 2 says TLS, the connection is plain TCP"


def test_setting_connwl_over_tcp_refuses_tokens(make_platform):
    platform = make_platform(settings=Settings(connwl_over_tcp=False))
    product = platform.console.create_product()
    issued = platform.console.issue_client_id(product.key, "dev-1")
    packet = Party(product, "dev-1").log_in_with(issued.client_id, issued.token)
    with Wire.plain(platform) as wire:
        assert wire.ask(packet) == refused(2)
    assert log_in(platform, packet) == ACCEPTED


@pytest.mark.parametrize("keepalive", [0, 1, 29, 1201, 65535])
def test_keepalive_outside_range_ends_without_connack(platform, party, keepalive):
    assert log_in(platform, party.log_in(keepalive=keepalive)) == b""
    reason = platform.expect("login_refused", timeout=0).reason
    assert reason == f"keepalive {keepalive} s is outside 30..1200"
    assert status(platform, party) == "Inactive"


@pytest.mark.parametrize("keepalive", [30, 1200])
def test_keepalive_at_limit_is_accepted(platform, party, keepalive):
    assert log_in(platform, party.log_in(keepalive=keepalive)) == ACCEPTED


def test_setting_keepalive_code_returns_a_connack(make_platform):
    platform = make_platform(settings=Settings(keepalive_code=3))
    product = platform.console.create_product()
    party = Party.of(product, platform.console.add_device(product.key, "dev-1"))
    assert log_in(platform, party.log_in(keepalive=15)) == refused(3)


def test_setting_refuses_login_with_unsigned_client_id(make_platform):
    platform = make_platform(settings=Settings(login_without_client_id=False))
    product = platform.console.create_product()
    party = Party.of(product, platform.console.add_device(product.key, "dev-1"))
    assert log_in(platform, party.log_in()) == ACCEPTED
    content = f"deviceNamedev-1productKey{product.key}"
    unsigned = connect(
        "board|securemode=2,signmethod=hmacsha256|", party.user, sign(party.device_secret, content)
    )
    assert log_in(platform, unsigned) == refused(4)


def test_disabled_device_is_refused_until_enabled(platform: Platform, party: Party):
    with Wire.tls(platform) as wire:
        wire.ask(party.log_in())
        platform.console.disable_device(party.product.key, party.name)
        assert wire.read() == b""
    assert status(platform, party) == "Disabled"
    assert log_in(platform, party.log_in()) == refused(4)
    assert platform.expect("login_refused", timeout=0).code == 6204
    platform.console.enable_device(party.product.key, party.name)
    assert log_in(platform, party.log_in()) == ACCEPTED


def test_removed_device_is_disconnected_and_its_secret_void(platform: Platform, party: Party):
    with Wire.tls(platform) as wire:
        wire.ask(party.log_in())
        platform.console.remove_device(party.product.key, party.name)
        assert wire.read() == b""
    fresh = platform.console.add_device(party.product.key, party.name)
    assert fresh.secret != party.device_secret
    assert log_in(platform, party.log_in()) == refused(4)


def test_new_login_ends_the_older_session(platform: Platform, party: Party):
    with Wire.tls(platform) as older, Wire.tls(platform) as newer:
        older.ask(party.log_in())
        assert newer.ask(party.log_in()) == ACCEPTED
        assert older.read() == b""
        kicked = platform.expect("kicked", timeout=0)
        assert (kicked.code, kicked.device_name) == (427, party.name)
        assert status(platform, party) == "Online"
        assert newer.ask(b"\xc0\x00") == b"\xd0\x00"
        # The end of the older one must not hide the newer one from its operator.
        platform.console.disable_device(party.product.key, party.name)
        assert newer.read() == b""


@pytest.fixture
def boards(platform: Platform, product: Product) -> tuple[Party, list[ClientId]]:
    """Two boards that registered under one DeviceName."""
    return Party(product, "dev-1"), [
        platform.console.issue_client_id(product.key, "dev-1") for _ in "12"
    ]


def test_two_client_ids_of_a_device_are_online(platform: Platform, boards):
    party, (one, two) = boards
    with Wire.tls(platform) as first, Wire.tls(platform) as second:
        assert first.ask(party.log_in_with(one.client_id, one.token)) == ACCEPTED
        assert second.ask(party.log_in_with(two.client_id, two.token)) == ACCEPTED
        assert first.ask(b"\xc0\x00") == b"\xd0\x00"


def test_switch_disconnects_the_other_client_id(platform: Platform, boards):
    party, (one, two) = boards
    with Wire.tls(platform) as first, Wire.tls(platform) as second:
        first.ask(party.log_in_with(one.client_id, one.token))
        second.ask(party.log_in_with(two.client_id, two.token))
        platform.console.switch_client_id(party.product.key, party.name, two.client_id)
        assert first.read() == b""
        assert second.ask(b"\xc0\x00") == b"\xd0\x00"
    assert log_in(platform, party.log_in_with(one.client_id, one.token)) == refused(4)
    reason = platform.expect("login_refused", timeout=0).reason
    assert reason == "another ClientID of this DeviceName was chosen"


def test_clear_ends_sessions_and_voids_tokens(platform: Platform, boards):
    party, (one, _two) = boards
    with Wire.tls(platform) as wire:
        wire.ask(party.log_in_with(one.client_id, one.token))
        platform.console.clear_client_ids(party.product.key, party.name)
        assert wire.read() == b""
    assert log_in(platform, party.log_in_with(one.client_id, one.token)) == refused(4)


@pytest.mark.parametrize("change", ["clear_client_ids", "remove_device", "disable_device"])
def test_console_action_during_login_refuses_the_login(platform, boards, change):
    party, (one, _two) = boards
    commits, operator = platform._core.commits, getattr(platform.console, change)
    settled = commits.settled

    async def settled_after_the_operator(*things: Device) -> None:
        commits.settled = settled
        await asyncio.to_thread(operator, party.product.key, party.name)
        await settled(*things)

    commits.settled = settled_after_the_operator
    assert log_in(platform, party.log_in_with(one.client_id, one.token)) == refused(4)


def test_a_wrong_token_is_refused(platform: Platform, boards):
    party, (one, two) = boards
    assert log_in(platform, party.log_in_with(one.client_id, two.token)) == refused(4)
    assert (
        platform.expect("login_refused", timeout=0).reason == "the password is not the DeviceToken"
    )


def test_first_connection_time_is_stored(platform: Platform, boards, clock):
    party, (one, two) = boards
    clock.advance(60)
    log_in(platform, party.log_in_with(one.client_id, one.token))
    device: Device = platform.console.device(party.product.key, party.name)
    times = {issued.client_id: issued.first_connected for issued in device.client_ids}
    assert times == {one.client_id: clock.time(), two.client_id: None}


def test_dynamic_registration_does_not_affect_activated_device(platform: Platform, party: Party):
    log_in(platform, party.log_in())
    platform.console.set_dynamic_registration(party.product.key, False)
    assert log_in(platform, party.log_in()) == ACCEPTED


def test_credentials_survive_a_restart(make_platform):
    before = make_platform()
    product = before.console.create_product()
    party = Party.of(product, before.console.add_device(product.key, "dev-1"))
    issued = before.console.issue_client_id(product.key, "dev-2")
    log_in(before, party.log_in())
    before.stop()

    after = make_platform()
    assert status(after, party) == "Offline"
    assert log_in(after, party.log_in()) == ACCEPTED
    other = Party(product, "dev-2")
    assert log_in(after, other.log_in_with(issued.client_id, issued.token)) == ACCEPTED
    assert log_in(after, party.register()) == refused(4)
    assert after.expect("registration_refused", timeout=0).code == 6289
