"""carrier.py: what heap is short for at a moment ends nothing, and is done when there is more."""

import json
import sys

from alink.errors import RefusedError
from alink.gateway import Gateway, notifications
from check import raises

KEY, NAME = "a1SubPk0001", "sub-0001"


class Session:
    def __init__(self):
        self.online, self.sessions = True, 1
        self.heard, self.sent = [], []

    def publish(self, topic, payload, qos, on_done):
        self.sent.append(topic)

    def wait(self, ms):
        pass

    def subscribe(self, *filters):
        self.heard += filters


class Short:
    """A module, a session or a store that runs out of heap."""

    def __getattr__(self, name):
        raise MemoryError("short")


def online():
    """Return a gateway in a session that its steps are to notice, and its log."""
    log = []
    gateway = Gateway(path="carrier.tmp", log=log.append)
    gateway.product_key, gateway.device_name = "a1GatewayPk", "gateway-1"
    gateway._link = Session()
    gateway._engine = _waits()
    return gateway, log


def test_session_without_heap_subscribes_on_later_step():
    gateway, log = online()
    subscribe, gateway._link.subscribe = gateway._link.subscribe, _short
    assert gateway._step() == 1000
    assert "heap is short" in log[-1]
    gateway._link.subscribe = subscribe
    assert gateway._step() == 5000
    assert b"/sys/a1GatewayPk/gateway-1/thing/topo/add_reply" in gateway._link.heard
    heard = len(gateway._link.heard)
    gateway._step()
    assert len(gateway._link.heard) == heard


def test_request_without_heap_is_sent_later():
    gateway, log = online()
    gateway.add(KEY, NAME)
    publish, gateway._link.publish = gateway._link.publish, _short
    while not [line for line in log if "heap is short" in line]:
        gateway._step()
    gateway._link.publish = publish
    while not gateway._link.sent:
        gateway._step()
    assert b"register" in gateway._link.sent[-1]


def test_new_names_wait_for_heap():
    gateway, _log = online()
    gateway.add(KEY, NAME)
    sys.modules["alink.gateway.names"] = Short()
    try:
        assert gateway._step() == 1000
    finally:
        sys.modules.pop("alink.gateway.names", None)
    assert gateway.status(KEY, NAME) == ("unknown", 0)
    gateway._step()
    assert gateway.status(KEY, NAME) == ("named", 0)


def test_save_without_heap_returns_false():
    gateway, log = online()
    gateway.open = Short
    assert gateway.save({0: None}) is False
    assert log[-1] == "alink: short"


def test_connect_without_flash_space_raises_refused_error():
    gateway, _log = online()
    gateway.save = lambda changes: False
    error = raises(RefusedError, gateway.sub_device(KEY, NAME).connect)
    assert (error.code, str(error)) == (0, "a1SubPk0001/sub-0001 refused: 0")


def test_invalid_name_in_add_notify_hides_no_other():
    gateway, log = online()
    params = [{"productKey": KEY, "deviceName": name} for name in ("no", NAME)]
    notifications.take(
        gateway,
        b"/sys/a1GatewayPk/gateway-1/thing/topo/add/notify",
        json.dumps({"id": "1", "params": params}).encode(),
    )
    assert gateway._new == [(KEY.encode(), NAME.encode())]
    assert "the handler of on_add failed: ValueError" in log[-1]


def _waits():
    while True:
        yield 5000


def _short(*_):
    raise MemoryError("short")
