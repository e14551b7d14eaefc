"""Faults of the platform itself: bad certificates, throttling, a clock that jumps."""

from __future__ import annotations

import json
import socket
import ssl

import pytest

from alink_sim.clock import ManualClock
from alink_sim.platform import Fault, Platform
from tests.platform.http_requests import FORM, exchange, form, request
from tests.platform.wire import ACCEPTED, Party, Wire, publish, refused
from tests.waiting import PATIENCE

# What OpenSSL says of a certificate with each flaw.
FLAWS = {
    "expired": "certificate has expired",
    "not_yet_valid": "certificate is not yet valid",
    "wrong_host": "Hostname mismatch",
    "unknown_issuer": "certificate signature failure|unable to get local issuer",
}


@pytest.mark.parametrize("flaw", FLAWS)
@pytest.mark.parametrize("port", ["mqtt_port", "mqtt_tls_port", "https_port"])
def test_verifying_client_refuses_each_flawed_certificate(
    platform: Platform, party: Party, flaw: str, port: str
):
    platform.faults.add(Fault.certificate(flaw), times=1)
    address = "127.0.0.1", getattr(platform, port)
    context = ssl.create_default_context(cafile=platform.ca_pem)
    with (
        socket.create_connection(address, timeout=PATIENCE) as plain,
        pytest.raises(ssl.SSLCertVerificationError, match=FLAWS[flaw]),
    ):
        context.wrap_socket(plain, server_hostname="localhost")
    assert platform.expect("fault").reason == f"certificate(packet='tls', flaw='{flaw}')"
    with Wire.tls(platform) as wire:
        assert wire.ask(party.log_in()) == ACCEPTED


def test_throttle_strikes_only_its_device(platform: Platform, party: Party):
    platform.faults.add(Fault.throttle(), device=party.name, times=3)
    other = Party.of(party.product, platform.console.add_device(party.product.key, "dev-2"))
    for packet, kind in (
        (party.register(), "registration_refused"),
        (party.log_in(), "login_refused"),
    ):
        with Wire.tls(platform) as wire:
            assert wire.ask(packet) == refused(3)
        event = platform.expect(kind, timeout=0)
        assert (event.code, event.reason) == (429, "a scripted fault refuses it")
    with Wire.tls(platform) as wire:
        assert wire.ask(other.log_in()) == ACCEPTED
    asked = request(
        "/auth/register/device",
        form(party.product.key, party.name, party.product.secret),
        FORM,
    )
    assert exchange(platform, asked)[1] == b'{"code":429,"message":"too many requests"}'
    assert json.loads(exchange(platform, asked)[1])["code"] == 200


def test_a_throttled_data_channel_answers_40000(platform: Platform, party: Party):
    platform.faults.add(Fault.throttle())
    body = {
        "productKey": party.product.key,
        "deviceName": party.name,
        "clientId": "1",
        "sign": "0",
    }
    asked = request("/auth", json.dumps(body).encode(), "application/json")
    assert exchange(platform, asked)[1] == b'{"code":40000,"message":"request too many"}'


@pytest.mark.parametrize("seconds", [3600.0, -86400.0])
def test_clock_jump_changes_only_ntp_replies(
    platform: Platform, party: Party, clock: ManualClock, seconds: float
):
    platform.faults.add(Fault.clock_jump(seconds), times=1)
    name = f"{party.product.key}/{party.name}"
    with Wire.tls(platform) as wire:
        assert wire.ask(party.log_in()) == ACCEPTED
        post = publish(f"/sys/{name}/thing/event/property/post", b'{"id":"1","params":{"t":1}}')
        assert wire.ask(post) != b""  # Other messages pass.
        for jump in (seconds, 0):
            said = str(round((clock.time() + jump) * 1000)).encode()
            answer = publish(
                f"/ext/ntp/{name}/response",
                b'{"deviceSendTime":"7","serverRecvTime":"%s","serverSendTime":"%s"}'
                % (said, said),
            )
            ask = publish(f"/ext/ntp/{name}/request", b'{"deviceSendTime":"7"}')
            assert wire.ask(ask) == answer
