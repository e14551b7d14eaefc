"""Settings of registration and login, each literally both ways."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from alink_sim.clock import ManualClock
from alink_sim.platform import Instance, Platform, Settings
from tests.platform.http_requests import FORM, form, post
from tests.platform.wire import ACCEPTED, Party, Wire, connect, refused, sign

PK, PS, DN, DS = "a1B2c3D4e5F", "Pr0dSecretAbCdEf", "dev-1", "0123456789abcdef"
PING, PONG = b"\xc0\x00", b"\xd0\x00"
SIGNED = sign(PS, f"deviceName{DN}productKey{PK}random1")


@pytest.fixture
def make(make_platform: Callable[..., Platform], clock: ManualClock) -> Callable[..., Platform]:
    """Return a maker of platforms with one device and these settings."""

    def make(**settings: Any) -> Platform:
        platform = make_platform(clock=clock, settings=Settings(**settings))
        platform.console.create_product(key=PK, secret=PS)
        platform.console.add_device(PK, DN, secret=DS)
        return platform

    return make


def party(platform: Platform) -> Party:
    return Party.of(platform.console.product(PK), platform.console.device(PK, DN))


def answer(platform: Platform, packet: bytes) -> bytes:
    with Wire.tls(platform) as wire:
        return wire.ask(packet)


def pair(platform: Platform) -> tuple[str, str]:
    """Return the ClientID and DeviceToken that a `regnwl` is answered with."""
    with Wire.tls(platform) as wire:
        assert wire.ask(party(platform).register("regnwl")) == ACCEPTED
        body = wire.read_publish()[1]
    return body["clientId"], body["deviceToken"]


def registers(kind: str, securemode: str) -> bytes:
    extension = f"securemode={securemode},authType={kind},random=1,signmethod=hmacsha256"
    return connect(f"c|{extension}|", f"{DN}&{PK}", SIGNED)


@pytest.mark.parametrize("code", [2, 4, 5])
def test_setting_chooses_connack_of_unsupported_sign_method(make, code: int):
    platform = make(sign_method_code=code)
    for auth_type in ("authType=register,random=1,", ""):
        packet = connect(f"c|securemode=2,{auth_type}signmethod=sm3|", f"{DN}&{PK}", "00")
        assert answer(platform, packet) == refused(code)
    for kind in ("registration_refused", "login_refused"):
        event = platform.expect(kind, timeout=0)
        assert (event.code, event.reason) == (6292, "sign method 'sm3' is not supported")
        assert event.detail["connack"] == code


@pytest.mark.parametrize(
    ("setting", "kind", "securemode", "reason"),
    [
        ("either", "register", "2", ""),
        ("either", "register", "-2", ""),
        ("either", "regnwl", "2", ""),
        ("either", "regnwl", "-2", ""),
        ("either", "regnwl", "3", "securemode is 3; regnwl takes 2 or -2"),
        ("documented", "register", "2", ""),
        ("documented", "register", "-2", "securemode is -2; register takes 2"),
        ("documented", "regnwl", "2", "securemode is 2; regnwl takes -2"),
        ("documented", "regnwl", "-2", ""),
    ],
)
def test_setting_chooses_securemode_of_registration(
    make, setting: str, kind: str, securemode: str, reason: str
):
    platform = make(registration_securemode=setting)
    got = answer(platform, registers(kind, securemode))
    assert got == (refused(2) if reason else ACCEPTED)
    if reason:
        event = platform.expect("registration_refused", timeout=0)
        assert (event.code, event.reason) == (460, reason)


def test_setting_refuses_or_ignores_another_securemode(make):
    password = sign(DS, f"clientIdcdeviceName{DN}productKey{PK}")
    login = connect("c|securemode=-2,signmethod=hmacsha256|", f"{DN}&{PK}", password)
    bare = connect("c|signmethod=hmacsha256|", f"{DN}&{PK}", password)
    strict, lax = make(), make(other_securemode="ignore")
    assert answer(strict, login) == answer(strict, bare) == refused(2)
    event = strict.expect("login_refused", timeout=0)
    assert (event.code, event.reason) == (460, "securemode is missing; login takes 2 or 3")
    assert answer(lax, login) == answer(lax, bare) == ACCEPTED
    for platform, expected in ((strict, refused(2)), (lax, ACCEPTED)):
        client_id, token = pair(platform)
        packet = connect(f"{client_id}|securemode=2,authType=connwl|", f"{DN}&{PK}", token)
        assert answer(platform, packet) == expected


def test_setting_delays_the_credential_after_the_connack(make, clock: ManualClock):
    with Wire.tls(make()) as wire:
        assert wire.ask(registers("register", "2")) == ACCEPTED
        assert wire.read_publish()[0] == "/ext/register"
    platform = make(push_seconds=3)
    with Wire.tls(platform) as wire:
        assert wire.ask(registers("register", "2"), PING) == ACCEPTED
        clock.advance(2.9)
        assert wire.read() == PONG
        assert wire.ask(PING) == PONG
        clock.advance(0.1)
        assert wire.read_publish()[0] == "/ext/register"
        clock.advance(14.9)  # The device's time counts from the answer.
        assert wire.ask(PING) == PONG
        clock.advance(0.2)
        assert wire.read() == b""


@pytest.mark.parametrize("seconds", [5, 15])
def test_setting_limits_idle_time_of_registration(make, clock: ManualClock, seconds: float):
    platform = make(registration_seconds=seconds)
    with Wire.tls(platform) as wire:
        assert wire.ask(registers("register", "2")) == ACCEPTED
        wire.read_publish()
        clock.advance(seconds - 0.1)
        assert wire.ask(PING) == PONG
        clock.advance(0.2)
        assert wire.read() == b""
    assert platform.expect("registration_timeout", timeout=0).reason == f"idle for {seconds} s"


@pytest.mark.parametrize(
    ("regions", "free"),
    [("cn-shanghai+cn-beijing", ("cn-shanghai", "cn-beijing")), ("cn-shanghai", ("cn-shanghai",))],
)
def test_setting_chooses_regions_of_regnwl(make, regions: str, free: tuple[str, ...]):
    platform = make(regnwl_regions=regions)
    for region in ("cn-shanghai", "cn-beijing", "cn-shenzhen"):
        platform.console.set_instance(PK, Instance("iot-1", "enterprise", region))
        expected = ACCEPTED if region in free else refused(4)
        assert answer(platform, registers("regnwl", "-2")) == expected, region
    reason = platform.expect("registration_refused", timeout=0).reason
    assert reason == (
        f"preregistration-free registration needs an enterprise instance in {' or '.join(free)}; "
        "this is the enterprise instance iot-1 in cn-shenzhen"
    )


def test_setting_chooses_new_or_same_client_id(make):
    platform = make()
    assert len({pair(platform) for _ in "123"}) == 3
    platform = make(regnwl_again="same", max_client_ids=1)
    assert len({pair(platform) for _ in "123"}) == 1
    assert len(platform.console.device(PK, DN).client_ids) == 1


@pytest.mark.parametrize("most", [1, 5])
def test_setting_limits_the_number_of_client_ids(make, most: int):
    platform = make(max_client_ids=most)
    for _ in range(most):
        pair(platform)
    assert answer(platform, party(platform).register("regnwl")) == refused(4)
    reason = platform.expect("registration_refused", timeout=0).reason
    assert reason == f"all {most} ClientIDs of this DeviceName are issued; clear them"


@pytest.mark.parametrize(("client_id", "token"), [(22, 32), (64, 64), (64, 32)])
def test_settings_choose_length_of_client_id_and_token(make, client_id: int, token: int):
    platform = make(client_id_length=client_id, device_token_length=token)
    issued = pair(platform)
    assert tuple(map(len, issued)) == (client_id, token)
    assert answer(platform, party(platform).log_in_with(*issued)) == ACCEPTED


def test_setting_limits_the_lifetime_of_device_tokens(make, clock: ManualClock):
    forever, limited = make(), make(device_token_seconds=86400)
    issued = {platform: pair(platform) for platform in (forever, limited)}
    clock.advance(86399)
    for platform, one in issued.items():
        assert answer(platform, party(platform).log_in_with(*one)) == ACCEPTED
    clock.advance(1)
    assert answer(forever, party(forever).log_in_with(*issued[forever])) == ACCEPTED
    assert answer(limited, party(limited).log_in_with(*issued[limited])) == refused(4)
    reason = limited.expect("login_refused", timeout=0).reason
    assert reason == "the DeviceToken is older than 86400 s: register again"
    assert answer(limited, party(limited).log_in_with(*pair(limited))) == ACCEPTED


@pytest.mark.parametrize("most", [1, 5])
def test_setting_limits_https_registrations_per_minute(make, most: int):
    platform = make(https_registrations_a_minute=most, rates="documented")
    asked = form(PK, DN, PS)
    codes = [post(platform, "/auth/register/device", asked, FORM)["code"] for _ in range(most + 1)]
    assert codes == [200] * most + [429]
    event = platform.expect("registration_refused", timeout=0)
    assert (event.code, event.reason) == (429, f"more than {most} registrations in a minute")


def test_https_registration_has_no_limit_by_default(make):
    platform = make()
    asked = form(PK, DN, PS)
    codes = {post(platform, "/auth/register/device", asked, FORM)["code"] for _ in range(10)}
    assert codes == {200}


def test_copied_login_serves_for_ever_by_default(make, clock: ManualClock):
    platform = make()
    copied = party(platform).log_in_at(f"{clock.time() * 1000:.0f}")
    for _ in range(2):
        assert answer(platform, copied) == ACCEPTED
        clock.advance(365 * 86400)


def test_setting_refuses_a_copied_login_after_its_time(make, clock: ManualClock):
    platform = make(login_seconds=900.0)
    copied = party(platform).log_in_at(f"{clock.time() * 1000:.0f}")
    assert answer(platform, copied) == ACCEPTED
    clock.advance(899)
    assert answer(platform, copied) == ACCEPTED
    clock.advance(2)
    assert answer(platform, copied) == refused(4)
    reason = platform.expect("login_refused", timeout=0).reason
    assert reason == "the timestamp of the login is 901 s behind; 900 s are allowed"


@pytest.mark.parametrize(
    ("timestamp", "reason"),
    [
        ("2524608000000", "s ahead; 900 s are allowed"),
        ("1700000000", "s behind; 900 s are allowed"),
        ("now", "the login sends no timestamp in milliseconds"),
    ],
)
def test_setting_refuses_a_constant_timestamp(make, timestamp: str, reason: str):
    platform = make(login_seconds=900.0)
    assert answer(platform, party(platform).log_in_at(timestamp)) == refused(4)
    assert platform.expect("login_refused", timeout=0).reason.endswith(reason)


def test_recent_login_needs_no_timestamp_with_a_token(make):
    platform = make(login_seconds=900.0)
    assert answer(platform, party(platform).log_in_with(*pair(platform))) == ACCEPTED
