"""login.py: the fields for another MQTT client, and a TLS context that checks one host."""

import sys

import fakes
from alink.login import Login


class Context:
    """Notes how a socket is wrapped."""

    def wrap_socket(self, sock, **options):
        return sock, options


class Boot:
    """Stands for `boot.boot.Boot`: a board that waits for its network, then is registered."""

    def __init__(self, login):
        self.login = login

    def run(self):
        yield 1
        yield 0
        identity = {"ProductKey": b"pk", "DeviceName": b"dev", "ClientID": b"c1"}
        identity["DeviceToken"] = b"token-of-c1"
        return ("iot.example", 8883), Context(), identity, None


def prepared(**settings):
    login = Login(log=None, **settings)
    login.product_key, login.device_name = "pk", "dev"
    login.fields = {"ProductKey": b"pk"}
    with fakes.Steps(Boot=Boot):
        login.prepare()
    return login


def test_login_has_what_a_client_needs():
    login = prepared()
    assert (login.host, login.port, login.user) == ("iot.example", 8883, b"dev&pk")
    assert login.client_id.startswith(b"c1|securemode=-2,authType=connwl,")
    assert login.password == b"token-of-c1"


def test_password_is_not_in_the_repr():
    assert "token" not in repr(prepared()) + str(prepared())


def test_context_names_its_host_whatever_the_client_names():
    context = prepared().ssl
    for options in ({}, {"server_hostname": "other"}, {"server_hostname": None}):
        assert context.wrap_socket("socket", **options) == (
            "socket",
            {"server_hostname": "iot.example"},
        )
    assert context.wrap_socket("socket", server_side=False)[1]["server_side"] is False


def test_old_umqtt_finds_the_same_context():
    login = prepared()
    assert sys.modules.pop("ussl") is login.ssl


def test_watchdog_is_fed_while_prepare_waits():
    class Watchdog:
        fed = 0

        def feed(self):
            self.fed += 1

    watchdog = Watchdog()
    prepared(watchdog=watchdog)
    assert watchdog.fed
