"""An unmodified umqtt.simple logs in with what `alink.login` gives it."""

from __future__ import annotations

from alink_sim import toolchain
from alink_sim.board import Board
from alink_sim.platform import Fault
from tests.sim.conftest import Rig

POSTS = """
import json, time
from alink.login import Login
from %s import MQTTClient

login = Login.from_flash()
login.prepare()
print(login)
thing = "/sys/%%s/%%s/thing/" %% (login.product_key, login.device_name)
client = MQTTClient(
    login.client_id, login.host, login.port, login.user, login.password, 60, ssl=login.ssl
)

def post(values):
    message = {"id": "1", "version": "1.0", "params": values}
    client.publish(thing + "event/property/post", json.dumps(message), qos=1)

def received(topic, payload):
    print("received", topic)
    post(json.loads(payload)["params"])

client.set_callback(received)
client.connect()
client.subscribe(thing + "service/property/set")
post({"temperature": 21.5})
while True:
    client.check_msg()
    time.sleep_ms(100)
"""

VERIFIES = """
from alink.login import Login
import stock
from umqtt import simple

login = Login.from_flash()
login.prepare()
for module in (simple, stock, simple, stock, simple):
    client = module.MQTTClient(
        login.client_id, login.host, login.port, login.user, login.password, 60, ssl=login.ssl
    )
    try:
        client.connect()
    except (OSError, ValueError) as error:
        print(module.__name__, "refused:", error)
    else:
        client.disconnect()
        print(module.__name__, "is in")
print("done")
"""


def _stock_umqtt() -> dict[str, bytes]:
    """Return a file with umqtt.simple that uses `ssl` as images since MicroPython 1.23 do."""
    source = (toolchain.umqtt_simple() / "umqtt" / "simple.py").read_text("utf-8")
    old = "import ussl\n            self.sock = ussl.wrap_socket(self.sock, **self.ssl_params)\n"
    assert old in source
    new = "self.sock = self.ssl.wrap_socket(self.sock, server_hostname=self.server)\n"
    return {"/stock.py": source.replace(old, new).encode()}


def _posts_and_receives(rig: Rig, board: Board, *, times: int) -> None:
    """Switch a board on `times` times; each time it logs in, posts, and applies a set."""
    name, last = board.device_name, None
    for value in range(times):
        board.power_on()
        last = rig.platform.expect("online", device_name=name, after=last)
        posted = {"temperature": 21.5}
        rig.platform.expect("property_posted", device_name=name, after=last, values=posted)
        rig.platform.cloud.set_properties(rig.product_key, name, {"target": value})
        posted = {"target": value}
        rig.platform.expect("property_posted", device_name=name, after=last, values=posted)
        board.power_off()
        rig.platform.expect("offline", device_name=name, after=last)


def test_umqtt_logs_in_after_each_way_to_register(rig: Rig) -> None:
    for name, method, module in (
        ("dev-1", "register", "umqtt.simple"),
        ("dev-2", "regnwl", "stock"),
        ("dev-3", "https", "umqtt.robust"),
    ):
        files = _stock_umqtt() if module == "stock" else None
        registers = method != "regnwl"
        with rig.board(
            name, main=POSTS % module, files=files, method=method, register=registers
        ) as board:
            _posts_and_receives(rig, board, times=2)
            printed = "\n".join(one.text for one in board.lines)
        assert rig.kinds(name).count("registered") == 1  # The second time it has a credential.
        device = rig.platform.console.device(rig.product_key, name)
        secrets = {rig.product_secret, device.secret, *(one.token for one in device.client_ids)}
        assert "<Login object" in printed
        assert [one for one in secrets if one and one in printed] == []


def test_umqtt_verifies_the_platform(rig: Rig) -> None:
    for connection, flaw in enumerate(("unknown_issuer", "unknown_issuer", "wrong_host"), 2):
        rig.platform.faults.add(Fault.certificate(flaw), connection=connection, times=1)
    rig.platform.faults.add(Fault.certificate("wrong_host"), connection=5, times=1)
    with rig.board("dev-1", main=VERIFIES, files=_stock_umqtt()) as board:
        board.power_on()
        board.expect("done")
        said = [one.text for one in board.lines if "refused" in one.text or "is in" in one.text]
    assert [one.partition(":")[0] for one in said] == [
        "umqtt.simple refused",
        "stock refused",
        "umqtt.simple refused",
        "stock refused",
        "umqtt.simple is in",
    ]
    assert rig.kinds("dev-1").count("online") == 1
