"""CONNECTs as real clients make them, each as it stands on the wire, against a platform over TLS.

Client ids were captured from the clients named (docs/reference/protocol.md, "Dynamic registration"
and "Login"); passwords were computed with Python's hmac for the product and device below.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from alink_sim.platform import Platform
from tests.platform.wire import ACCEPTED, Wire, connect

PRODUCT_KEY, PRODUCT_SECRET = "a1B2c3D4e5F", "Pr0dSecretAbCdEf"
DEVICE_NAME, DEVICE_SECRET = "esp32-240AC4A1B2C3", "0123456789abcdef0123456789abcdef"
USER = "esp32-240AC4A1B2C3&a1B2c3D4e5F"

# Name: client id, password, keepalive, CONNECT flags.
REGISTER = {
    "Link SDK for Python": (
        "esp32-240AC4A1B2C3.a1B2c3D4e5F|random=Ab3dE6gH9jK2mN5,authType=register,securemode=2,signmethod=hmacsha256|",
        "2b9e0e9b55a808c13c46b19f25e6947273d538a20f04d19f76508e05e48dde67",
        60,
        0xC2,
    ),
    "Link SDK for C 4.2.0": (
        "esp32-240AC4A1B2C3.a1B2c3D4e5F|random=2147483648,authType=register,securemode=2,signmethod=hmacsha256|",
        "3AB4F10A66AB269BFDB35562432862499243E834668BBC7D52345CCD9D236EBE",
        1200,
        0xC2,
    ),
    "iotkit-embedded 3.2.0": (
        "a1B2c3D4e5F.esp32-240AC4A1B2C3|authType=register,random=1A2B3C4D,signmethod=hmacsha256,securemode=2|",
        "8F1E058E0D724F78704234587E3702775A587965D551DBE3BDED58B53968DF12",
        120,
        0xC2,
    ),
    "vendor manual, HMAC-MD5": (
        "a1B2c3D4e5F.esp32-240AC4A1B2C3|securemode=2,authType=register,random=567345,signmethod=hmacmd5|",
        "fec587e367809871d5d33e66b7c7769e",
        0,
        0xC2,
    ),
    "vendor manual, new instance, securemode -2": (
        "a1B2c3D4e5F.esp32-240AC4A1B2C3|securemode=-2,authType=register,random=567345,signmethod=hmacsha1,instanceId=iot-06z00abcd1234|",
        "1aeaa312a3bbb8a6049da89f21c2a6000ffe8703",
        60,
        0xC2,
    ),
}

REGNWL = {
    "Link SDK for Python": (
        "esp32-240AC4A1B2C3.a1B2c3D4e5F|random=Ab3dE6gH9jK2mN5,authType=regnwl,securemode=2,signmethod=hmacsha256,instanceId=iot-06z00abcd1234|",
        "2b9e0e9b55a808c13c46b19f25e6947273d538a20f04d19f76508e05e48dde67",
        60,
        0xC2,
    ),
    "Link SDK for C 4.2.0": (
        "esp32-240AC4A1B2C3.a1B2c3D4e5F|random=2147483648,authType=regnwl,securemode=2,signmethod=hmacsha256,instanceId=iot-06z00abcd1234|",
        "3AB4F10A66AB269BFDB35562432862499243E834668BBC7D52345CCD9D236EBE",
        1200,
        0xC2,
    ),
    "vendor manual, securemode -2": (
        "240AC4A1B2C3|securemode=-2,authType=regnwl,random=567345,signmethod=hmacsha256,instanceId=iot-06z00abcd1234|",
        "a181a25e22032077fe67b0690489e88f216bec90b08b13f1cc425c4ee4d19c49",
        60,
        0xC2,
    ),
}

LOGIN = {
    "Link SDK for Python": (
        "a1B2c3D4e5F&esp32-240AC4A1B2C3|securemode=2,signmethod=hmacsha1,ext=1,_ss=1,lan=Python,_v=1.2.13,timestamp=1795439280|",
        "038787776e1ee813fce21dbdc8f417f2b6c591ca",
        60,
        0xC2,
    ),
    "device SDK for Node.js 1.2.8": (
        "a1B2c3D4e5F&esp32-240AC4A1B2C3|securemode=2,signmethod=hmacsha1,timestamp=1795439280123,lan=NodeJS,_v=1.2.8|",
        "8901add4efa6f0c67cbe3033a8a0a97877d3e99e",
        60,
        0xC0,
    ),
    "device SDK for Node.js 1.0.1, line breaks inside": (
        (
            "a1B2c3D4e5F&esp32-240AC4A1B2C3_aliyun-iot-device-sdk-js|securemode=2,\n"
            "        signmethod=hmacsha1,\n        timestamp=1795439280123|"
        ),
        "2559638a61f78e065eeafb9fd1791c729f63872e",
        60,
        0xC0,
    ),
    "Link SDK for C 4.2.0": (
        "a1B2c3D4e5F.esp32-240AC4A1B2C3|timestamp=2524608000000,_ss=1,_v=sdk-c-4.2.0,securemode=2,signmethod=hmacsha256,ext=3,_conn=tls_2b|",
        "344EB2E69014A0D620525AFD70020367F0CE7CB7A6C792061A5BE9B3DF92B1F7",
        1200,
        0xC2,
    ),
    "Link SDK for C 4.2.0, nothing after the last comma": (
        "a1B2c3D4e5F.esp32-240AC4A1B2C3|timestamp=2524608000000,_ss=1,_v=sdk-c-4.2.0,securemode=2,signmethod=hmacsha256,ext=3,|",
        "344EB2E69014A0D620525AFD70020367F0CE7CB7A6C792061A5BE9B3DF92B1F7",
        1200,
        0xC2,
    ),
    "iotkit-embedded 3.0.1": (
        "a1B2c3D4e5F.esp32-240AC4A1B2C3|timestamp=2524608000000,_v=sdk-c-3.0.1,securemode=2,signmethod=hmacsha256,lan=C,gw=0,ext=0|",
        "344EB2E69014A0D620525AFD70020367F0CE7CB7A6C792061A5BE9B3DF92B1F7",
        60,
        0xC0,
    ),
    "iotkit-embedded 3.2.0": (
        "a1B2c3D4e5F.esp32-240AC4A1B2C3|timestamp=2524608000000,_v=sdk-c-3.0.1,securemode=2,signmethod=hmacsha256,lan=C,_ss=1,gw=0,ext=0|",
        "344EB2E69014A0D620525AFD70020367F0CE7CB7A6C792061A5BE9B3DF92B1F7",
        60,
        0xC0,
    ),
    "vendor manual, no timestamp": (
        "12345|securemode=2,signmethod=hmacsha1|",
        "67cbdc04d75eebc4ea7c6735a1b904128532cc26",
        60,
        0xC2,
    ),
    "vendor manual, no sign method is HMAC-MD5": (
        "12345|securemode=2,timestamp=789|",
        "50b61d650078eb19f69efe977710c3fa",
        60,
        0xC2,
    ),
    "vendor manual, the client id left unsigned": (
        "12345|securemode=2,signmethod=hmacsha256,timestamp=789|",
        "8ccb6207eff240bf2bc61dc15855c13044a5930b89ac7682461763cf6b34864b",
        60,
        0xC2,
    ),
}

LOGIN_PLAIN = {
    "device SDK for Node.js 1.2.8": (
        "a1B2c3D4e5F&esp32-240AC4A1B2C3|securemode=3,signmethod=hmacsha1,timestamp=1795439280123,lan=NodeJS,_v=1.2.8|",
        "8901add4efa6f0c67cbe3033a8a0a97877d3e99e",
        60,
        0xC0,
    ),
    "device SDK for Node.js 1.0.1, line breaks inside": (
        (
            "a1B2c3D4e5F&esp32-240AC4A1B2C3_aliyun-iot-device-sdk-js|securemode=3,\n"
            "        signmethod=hmacsha1,\n        timestamp=1795439280123|"
        ),
        "2559638a61f78e065eeafb9fd1791c729f63872e",
        60,
        0xC0,
    ),
    "Link SDK for C 4.2.0": (
        "a1B2c3D4e5F.esp32-240AC4A1B2C3|timestamp=2524608000000,_ss=1,_v=sdk-c-4.2.0,securemode=3,signmethod=hmacsha256,ext=3,_conn=tcp_2b|",
        "344EB2E69014A0D620525AFD70020367F0CE7CB7A6C792061A5BE9B3DF92B1F7",
        1200,
        0xC2,
    ),
}

CONNWL = {
    "Link SDK for Python": "|authType=connwl,securemode=-2,_ss=1,ext=3,lan=Python,_v=1.2.13|",
    "Link SDK for C 4.2.0": "|authType=connwl,securemode=-2,_ss=1,ext=3,_v=sdk-c-4.2.0|",
    "vendor manual": "|securemode=-2,authType=connwl|",
}


@pytest.fixture
def platform(make_platform: Callable[..., Platform]) -> Platform:
    platform = make_platform()
    platform.console.create_product(key=PRODUCT_KEY, secret=PRODUCT_SECRET)
    return platform


@pytest.mark.client_row(1, "keepalive 60, 120, 1200")
@pytest.mark.client_row(3, "register of each client")
@pytest.mark.parametrize("client", REGISTER)
def test_captured_connect_registers_the_device(platform: Platform, client):
    platform.console.add_device(PRODUCT_KEY, DEVICE_NAME, secret=DEVICE_SECRET)
    client_id, password, keepalive, flags = REGISTER[client]
    with Wire.tls(platform) as wire:
        packet = connect(client_id, USER, password, keepalive=keepalive, flags=flags)
        assert wire.ask(packet) == ACCEPTED
        assert wire.read_publish() == (
            "/ext/register",
            {
                "productKey": PRODUCT_KEY,
                "deviceName": DEVICE_NAME,
                "deviceSecret": DEVICE_SECRET,
            },
            0,
        )


@pytest.mark.client_row(3, "regnwl of each client, securemode 2")
@pytest.mark.parametrize("client", REGNWL)
def test_registers_without_preregistration_as(platform: Platform, client):
    client_id, password, keepalive, flags = REGNWL[client]
    with Wire.tls(platform) as wire:
        packet = connect(client_id, USER, password, keepalive=keepalive, flags=flags)
        assert wire.ask(packet) == ACCEPTED
        topic, answer, _qos = wire.read_publish()
    (issued,) = platform.console.device(PRODUCT_KEY, DEVICE_NAME).client_ids
    assert topic == "/ext/regnwl"
    assert answer == {
        "productKey": PRODUCT_KEY,
        "deviceName": DEVICE_NAME,
        "clientId": issued.client_id,
        "deviceToken": issued.token,
    }


@pytest.mark.client_row(3, "connwl of each client")
@pytest.mark.parametrize("client", CONNWL)
@pytest.mark.parametrize("door", [Wire.tls, Wire.plain])
def test_logs_in_with_its_token_as(platform: Platform, client, door):
    issued = platform.console.issue_client_id(PRODUCT_KEY, DEVICE_NAME)
    for _ in range(2):
        with door(platform) as wire:
            packet = connect(issued.client_id + CONNWL[client], USER, issued.token)
            assert wire.ask(packet) == ACCEPTED


@pytest.mark.client_row(1, "MQTT 3.1.1, flags C2 and C0")
@pytest.mark.client_row(4, "client ids, line breaks and commas")
@pytest.mark.client_row(4, "any timestamp, hex in either case")
@pytest.mark.parametrize("client", LOGIN)
def test_logs_in_as(platform: Platform, client):
    platform.console.add_device(PRODUCT_KEY, DEVICE_NAME, secret=DEVICE_SECRET)
    client_id, password, keepalive, flags = LOGIN[client]
    packet = connect(client_id, USER, password, keepalive=keepalive, flags=flags)
    is_stored = not flags & 2
    for port, is_present in ((platform.mqtt_tls_port, False), (platform.mqtt_port, is_stored)):
        with Wire.tls(platform, port) as wire:
            assert wire.ask(packet) == bytes((0x20, 2, is_present, 0))


@pytest.mark.client_row(1, "TLS and plain MQTT on one port")
@pytest.mark.client_row(4, "securemode 3 on plain TCP")
@pytest.mark.parametrize("client", LOGIN_PLAIN)
def test_logs_in_over_plain_tcp_as(platform: Platform, client):
    platform.console.add_device(PRODUCT_KEY, DEVICE_NAME, secret=DEVICE_SECRET)
    client_id, password, keepalive, flags = LOGIN_PLAIN[client]
    with Wire.plain(platform) as wire:
        packet = connect(client_id, USER, password, keepalive=keepalive, flags=flags)
        assert wire.ask(packet) == ACCEPTED
