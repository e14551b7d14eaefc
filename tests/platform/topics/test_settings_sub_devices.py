"""Settings about gateways and their sub-devices, each literally both ways."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from alink_sim.platform import Platform, Settings
from tests.platform.gateway import SUB_DS, SUB_PK, TIME, Gateway, names, proxied, signed, sub
from tests.platform.wire import ACCEPTED, Party, Wire, publish, refused, sign

ADD, GET = "thing/topo/add", "thing/topo/get"
LOGIN, LOGOUT = "combine/login", "combine/logout"
PROXY = "thing/proxy/provisioning/product_register"


@pytest.fixture
def gateway(make_platform: Callable[..., Platform]) -> Callable[..., Any]:
    """Return a maker of gateways with one sub-device, under these settings."""

    @contextmanager
    def make(**settings: Any) -> Iterator[Gateway]:
        platform = make_platform(settings=Settings(**settings))
        with Gateway(platform) as made:
            sub(platform)
            assert made.ask(ADD, [signed()])[0] == 200
            yield made

    return make


@pytest.mark.parametrize(
    ("code", "message"), [(460, "request parameter error"), (401, "request auth error")]
)
def test_setting_chooses_code_of_wrong_node_type(gateway, code: int, message: str):
    with gateway(not_a_gateway_code=code) as made:
        platform = made.platform
        platform.console.add_device("a1GatewayPk", "gateway-2")
        another = {"productKey": "a1GatewayPk", "deviceName": "gateway-2"}
        assert made.ask("thing/sub/register", [another]) == (code, {})
        assert platform.expect("gateway_refused", timeout=0).code == code
        party = Party.of(
            platform.console.product(SUB_PK), platform.console.add_device(SUB_PK, "plain-1")
        )
        with Wire.tls(platform) as wire:
            assert wire.ask(party.log_in()) == ACCEPTED
            wire.send(publish(f"/sys/{SUB_PK}/plain-1/{GET}", b'{"id":"1","params":{}}'))
            body = wire.read_publish()[1]
        assert (body["code"], body["message"]) == (code, message)
        event = platform.expect("gateway_refused", device_name="plain-1", timeout=0)
        assert (event.code, event.reason) == (code, "its product is not a gateway (node_type 1)")


@pytest.mark.parametrize(
    ("members", "rest"),
    [("explained", {"code": 401, "message": "request auth error"}), ("names", {})],
)
def test_setting_chooses_members_of_a_failure(gateway, members: str, rest: dict[str, object]):
    with gateway(failure_members=members) as made:
        wanted = {"proxieds": [proxied(secret="wrong")]}
        data = {"failures": [{**names(), **rest}], "successes": []}
        assert made.ask(PROXY, wanted) == (200, data)
        assert made.platform.expect("registration_refused", timeout=0).code == 401


@pytest.mark.parametrize("setting", ["names", "empty"])
def test_setting_chooses_data_of_session_replies(gateway, setting: str):
    one: Any = names() if setting == "names" else ""
    listed: Any = [names()] if setting == "names" else ""
    batch = {"signMethod": "hmacSha256", "deviceList": [signed()]}
    with gateway(session_reply_data=setting) as made:
        assert made.ask(LOGIN, signed()) == (200, one)
        assert made.ask(LOGOUT, names()) == (200, one)
        assert made.ask("combine/batch_login", batch) == (200, listed)
        assert made.ask("combine/batch_logout", [names()]) == (200, listed)
        assert made.ask("combine/batch_logout", [names()]) == (520, [names()])


@pytest.mark.parametrize(("setting", "code"), [("refuse", 460), ("hmac", 200)])
def test_setting_accepts_sha256_as_hmacsha256(gateway, setting: str, code: int):
    with gateway(sub_sha256=setting) as made:
        assert made.ask(LOGIN, signed(signMethod="Sha256"))[0] == code
        assert made.ask(ADD, [signed(signMethod="Sha256")])[0] == code
        if code != 200:
            reason = made.platform.expect("gateway_refused", timeout=0).reason
            assert reason == "sign method 'sha256' is not supported"


@pytest.mark.parametrize(("setting", "code"), [("unsigned", 6287), ("either", 200)])
def test_setting_allows_signed_clean_session(gateway, setting: str, code: int):
    old = f"cleanSessiontrueclientIdcdeviceNamesub-0001productKey{SUB_PK}timestamp{TIME}"
    with gateway(sub_clean_session=setting) as made:
        assert made.ask(LOGIN, signed(cleanSession="true", sign=sign(SUB_DS, old)))[0] == code
        assert made.ask(LOGIN, signed(cleanSession="true"))[0] == 200
        if code != 200:
            refusal = made.platform.expect("gateway_refused", timeout=0)
            assert (refusal.code, refusal.reason) == (
                6287,
                "the signature for sub-0001 is wrong",
            )


def test_setting_keeps_or_renews_session_at_repeated_login(gateway):
    with gateway() as made:
        assert made.ask(LOGIN, signed())[0] == 200
        assert made.ask(LOGIN, signed())[0] == 200
        assert len(made.platform.events(kind="online", device_name="sub-0001")) == 1
    with gateway(sub_login_again="renew") as made:
        assert made.ask(LOGIN, signed())[0] == 200
        body = b'{"id":"7","params":%s}' % str(signed()).replace("'", '"').encode()
        made.wire.send(publish(made.topic(LOGIN), body))
        tail, told = made.told()
        assert (tail, told["code"], told["data"]) == ("gateway-1", 427, names())
        assert made.told()[1]["code"] == 200
        assert len(made.platform.events(kind="online", device_name="sub-0001")) == 2
        assert made.platform.expect("kicked", timeout=0).code == 427
        assert made.platform.console.device(SUB_PK, "sub-0001").sessions == 1


@pytest.mark.parametrize("setting", ["accept", "refuse"])
def test_setting_allows_direct_connection_of_sub_device(gateway, setting: str):
    with gateway(sub_device_alone=setting) as made:
        platform = made.platform
        party = Party(platform.console.product(SUB_PK), "sub-0001", SUB_DS)
        with Wire.tls(platform) as wire:
            got = wire.ask(party.log_in())
            assert got == (ACCEPTED if setting == "accept" else refused(4))
        if setting == "refuse":
            event = platform.expect("login_refused", timeout=0)
            assert event.reason == "a sub-device logs in through its gateway only"
            assert platform.console.device(SUB_PK, "sub-0001").status == "Inactive"
            platform.cloud.remove_sub_device(SUB_PK, "sub-0001")
            with Wire.tls(platform) as wire:
                assert wire.ask(party.log_in()) == ACCEPTED


@pytest.mark.parametrize("code", [427, 527])
def test_setting_chooses_code_of_login_elsewhere(gateway, code: int):
    with gateway(sub_taken_code=code) as made:
        assert made.ask(LOGIN, signed())[0] == 200
        party = Party(made.platform.console.product(SUB_PK), "sub-0001", SUB_DS)
        with Wire.tls(made.platform) as wire:
            assert wire.ask(party.log_in()) == ACCEPTED
            assert made.told()[1]["code"] == code
        assert made.platform.expect("gateway_told", timeout=0).code == 427


@pytest.mark.parametrize("most", [1, 5])
def test_setting_limits_sub_device_logins_per_minute(gateway, most: int):
    with gateway(sub_logins_a_minute=most) as made:
        codes = [made.ask(LOGIN, signed())[0] for _ in range(most + 1)]
        assert codes == [200] * most + [429]
        event = made.platform.expect("gateway_refused", timeout=0)
        assert (event.code, event.reason) == (429, f"more than {most} logins in a minute")
