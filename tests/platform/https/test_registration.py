"""Registration over HTTPS: each code of the table, with the request and the answer as bytes."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable

import pytest

from alink_sim.clock import ManualClock
from alink_sim.platform import Platform, Product, Settings
from alink_sim.platform.state.store import Changes, StoreError
from tests.platform.http_requests import FORM, exchange, form, post, request
from tests.platform.wire import ACCEPTED, Party, Wire, refused
from tests.waiting import PATIENCE

PATH = "/auth/register/device"
PK, PS, DN = "a1B2c3D4e5F", "Pr0dSecretAbCdEf", "esp32-240AC4A1B2C3"
DS = "0123456789abcdef0123456789abcdef"
NOT_PS = "the signature does not fit the ProductSecret"


@pytest.fixture
def platform(make_platform: Callable[..., Platform], clock: ManualClock) -> Platform:
    return make_platform(clock=clock, settings=Settings(rates="documented"))


@pytest.fixture
def party(platform: Platform, product: Product) -> Party:
    return Party.of(product, platform.console.add_device(product.key, DN, secret=DS))


@pytest.mark.client_row(2, "code first, compact")
@pytest.mark.client_row(2, "Content-Length, HTTP/1.1, 127 a line")
def test_response_is_readable_by_the_c_sdks(platform: Platform, party: Party):
    # "code" first, no blank, Content-Length in these capitals, no chunks: they need all of it.
    sent = (
        b"POST /auth/register/device HTTP/1.1\r\n"
        b"Host: iot-auth.cn-shanghai.aliyuncs.com\r\n"
        b"Accept: text/xml,text/javascript,text/html,application/json\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: 158\r\n\r\n"
        b"productKey=a1B2c3D4e5F&deviceName=esp32-240AC4A1B2C3&random=567345"
        b"&sign=A181A25E22032077FE67B0690489E88F216BEC90B08B13F1CC425C4EE4D19C49"
        b"&signMethod=hmacsha256"
    )
    head, body = exchange(platform, sent)
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nContent-Length: 152\r\n" in head
    assert b"chunked" not in head
    assert max(map(len, head.split(b"\r\n"))) <= 127
    assert body == (
        b'{"code":200,"data":{"productKey":"a1B2c3D4e5F","deviceName":"esp32-240AC4A1B2C3",'
        b'"deviceSecret":"0123456789abcdef0123456789abcdef"},"message":"success"}'
    )
    event = platform.expect("registered", device_name=DN, timeout=0)
    assert event.detail == {"method": "register", "via": "https"}
    assert platform.console.device(PK, DN).status == "Inactive"
    assert DS not in str(platform.events())


# Client: fields in its order, as captured or as its source writes them.
REAL = {
    "Link SDK for Python": "random=Ab3dE6gH9jK2mN5"
    "&sign=2b9e0e9b55a808c13c46b19f25e6947273d538a20f04d19f76508e05e48dde67&signMethod=hmacsha256",
    "device SDK for Node.js": "random=567345"
    "&sign=1aeaa312a3bbb8a6049da89f21c2a6000ffe8703&signMethod=hmacsha1",
    "device SDK for Node.js, base 36": "random=k3j9x0q2ab1"
    "&sign=963e88b73135cb7b55c4767ff3f187c05d1275b0&signMethod=hmacsha1",
    "Link SDK for C 4.2.0": "random=2147483648"
    "&sign=3AB4F10A66AB269BFDB35562432862499243E834668BBC7D52345CCD9D236EBE&signMethod=hmacsha256",
    "iotkit-embedded": "random=8Ygb7ULYh53B6OA"
    "&sign=4CE7DB15910F747DEB45A75969FBFFA54DC36118261FF28210C99C31F0628311&signMethod=hmacsha256",
    "vendor manual": "random=567345&sign=FEC587E367809871D5D33E66B7C7769E&signMethod=HmacMD5",
}


@pytest.mark.client_row(2, "fields in their order, signMethod last")
@pytest.mark.client_row(2, "hex in either case")
@pytest.mark.parametrize("client", REAL)
def test_a_real_client_registers(platform: Platform, party: Party, client: str):
    body = f"productKey={PK}&deviceName={DN}&{REAL[client]}".encode()
    assert post(platform, PATH, body, FORM)["data"]["deviceSecret"] == party.device_secret


@pytest.mark.client_row(2, "random may come again")
def test_repeated_random_and_charset_are_accepted(platform: Platform, party: Party):
    for _ in range(2):
        answer = post(platform, PATH, form(PK, DN, PS), FORM + "; charset=utf-8")
        assert answer["code"] == 200


def test_punctuated_name_is_signed_raw_and_sent_encoded(platform: Platform, product):
    platform.console.add_device(PK, "a:b@c.d")
    assert b"a%3Ab%40c.d" in form(PK, "a:b@c.d", PS)
    assert post(platform, PATH, form(PK, "a:b@c.d", PS), FORM)["code"] == 200


def test_both_ways_obey_one_registration_and_one_reset(platform: Platform, party: Party):
    with Wire.tls(platform) as wire:
        assert wire.ask(party.register()) == ACCEPTED
        over_mqtt = wire.read_publish()[1]
    assert post(platform, PATH, form(PK, DN, PS), FORM)["data"] == over_mqtt
    with Wire.tls(platform) as wire:
        assert wire.ask(party.log_in()) == ACCEPTED
    assert post(platform, PATH, form(PK, DN, PS), FORM)["code"] == 6289
    platform.console.reset_device(PK, DN)
    assert post(platform, PATH, form(PK, DN, PS), FORM)["data"] == over_mqtt


def _activate(platform: Platform) -> None:
    with Wire.tls(platform) as wire:
        party = Party(platform.console.product(PK), DN, platform.console.device(PK, DN).secret)
        assert wire.ask(party.log_in()) == ACCEPTED


def _register_five_times(platform: Platform) -> None:
    for _ in range(5):
        assert post(platform, PATH, form(PK, DN, PS), FORM)["code"] == 200


def _nothing(_platform: Platform) -> None:
    pass


# Name of the case: preparation, form, response, true reason in the event log.
REFUSALS: dict[str, tuple[Callable[[Platform], object], bytes, bytes, str]] = {
    "no signMethod": (
        _nothing,
        form(PK, DN, PS, signMethod=""),
        b'{"code":460,"message":"request parameter error"}',
        "signMethod is missing",
    ),
    "no random": (
        _nothing,
        form(PK, DN, PS, random=""),
        b'{"code":460,"message":"request parameter error"}',
        "random is missing",
    ),
    "no productKey": (
        _nothing,
        form("", DN, PS),
        b'{"code":460,"message":"request parameter error"}',
        "productKey is missing",
    ),
    "not UTF-8": (
        _nothing,
        b"productKey=\xff",
        b'{"code":460,"message":"request parameter error"}',
        "the body is not a form, or too long",
    ),
    "a megabyte and more": (
        _nothing,
        b"productKey=" + b"x" * 2**20,
        b'{"code":460,"message":"request parameter error"}',
        "the body is not a form, or too long",
    ),
    "an unknown sign method": (
        _nothing,
        form(PK, DN, PS, signMethod="hmacsha512"),
        b'{"code":6292,"message":"sign method is not supported"}',
        "sign method 'hmacsha512' is not supported",
    ),
    "an unknown product": (
        _nothing,
        form("a1Unknown00", DN, PS),
        b'{"code":6250,"message":"product not found"}',
        "product not found",
    ),
    "a wrong ProductSecret": (
        _nothing,
        form(PK, DN, "WrongSecret00000"),
        b'{"code":6600,"message":"signature check failed"}',
        NOT_PS,
    ),
    "the DeviceSecret instead": (
        _nothing,
        form(PK, DN, DS),
        b'{"code":6600,"message":"signature check failed"}',
        NOT_PS + "; it is that of a registration with the DeviceSecret by hmacsha256",
    ),
    "the switch is off": (
        lambda platform: platform.console.set_dynamic_registration(PK, False),
        form(PK, DN, PS),
        b'{"code":6288,"message":"dynamic registration is not enabled"}',
        "dynamic registration is switched off for this product",
    ),
    "an unknown DeviceName": (
        _nothing,
        form(PK, "unknown", PS),
        b'{"code":6100,"message":"device not found"}',
        "this DeviceName is not pre-registered",
    ),
    "a disabled device": (
        lambda platform: platform.console.disable_device(PK, DN),
        form(PK, DN, PS),
        b'{"code":6204,"message":"device is disabled"}',
        "device is disabled",
    ),
    "an activated device": (
        _activate,
        form(PK, DN, PS),
        b'{"code":6289,"message":"device is already activated"}',
        "device is already activated; reset it to register again",
    ),
    "the sixth in a minute": (
        _register_five_times,
        form(PK, DN, PS),
        b'{"code":429,"message":"too many requests"}',
        "more than 5 registrations in a minute",
    ),
}


def test_settings_choose_undocumented_code_and_status_of_refusal(make_platform):
    settings = Settings(https_unknown_device=6600, https_refused_status=403)
    platform = make_platform(settings=settings)
    platform.console.create_product(key=PK, secret=PS)
    head, body = exchange(platform, request(PATH, form(PK, "unknown", PS), FORM))
    assert head.startswith(b"HTTP/1.1 403 ")
    assert body == b'{"code":6600,"message":"device not found"}'


@pytest.mark.client_row(2, "refusals with HTTP status 200")
@pytest.mark.parametrize("what", REFUSALS)
def test_refusal_has_vendor_code_and_status_200(platform: Platform, party: Party, what: str):
    before, body, answer, reason = REFUSALS[what]
    before(platform)
    head, got = exchange(platform, request(PATH, body, FORM))
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert got == answer
    event = platform.expect("registration_refused", timeout=0)
    assert b'{"code":%d,' % (event.code or 0) == answer[: answer.index(b",") + 1]
    assert event.reason == reason
    assert event.detail == {"via": "https"}
    assert PS not in str(platform.events())
    assert DS not in str(platform.events())


def test_another_content_type_is_a_parameter_error(platform: Platform, party: Party):
    got = post(platform, PATH, form(PK, DN, PS), "application/json")
    assert got == {"code": 460, "message": "request parameter error"}


def test_secret_is_withheld_if_the_store_fails(
    make_platform: Callable[..., Platform], monkeypatch: pytest.MonkeyPatch
):
    platform = make_platform(settings=Settings(rotate_secret=True))
    platform.console.create_product(key=PK, secret=PS)
    platform.console.add_device(PK, DN, secret=DS)

    def fail(_changes: Changes) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(platform._store, "write", fail)
        got = exchange(platform, request(PATH, form(PK, DN, PS), FORM))[1]
    assert got == b'{"code":500,"message":"system error"}'
    assert platform.expect("platform_error", timeout=0).reason == "StoreError"


def test_a_minute_later_the_throttled_one_gets_in(
    platform: Platform, party: Party, clock: ManualClock
):
    _register_five_times(platform)
    assert post(platform, PATH, form(PK, DN, PS), FORM)["code"] == 429
    clock.advance(60)
    assert post(platform, PATH, form(PK, DN, PS), FORM)["code"] == 200


def test_setting_rotate_secret_issues_a_new_secret(make_platform):
    platform = make_platform(settings=Settings(rotate_secret=True))
    product = platform.console.create_product(key=PK, secret=PS)
    platform.console.add_device(product.key, DN, secret=DS)
    made = post(platform, PATH, form(PK, DN, PS), FORM)["data"]["deviceSecret"]
    assert made not in ("", DS)
    with Wire.tls(platform) as wire:
        assert wire.ask(Party(product, DN, DS).log_in()) == refused(4)


def test_log_names_client_that_distrusts_the_root(platform: Platform):
    address = ("127.0.0.1", platform.https_port)
    with (
        socket.create_connection(address, timeout=PATIENCE) as plain,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        ssl.create_default_context().wrap_socket(plain, server_hostname="localhost")
    assert "does not trust this platform's root" in platform.expect("connection_failed").reason
