"""The shadow of a board: desired, reported, in conflict, and after it was away."""

from __future__ import annotations

from tests.sim.conftest import Rig
from tests.sim.session.test_thing import online

SHADOW = """
from alink import Device
from alink.shadow import Shadow

device = Device.from_flash()

def wanted(values):
    print("wanted", values)
    shadow.report(values, fulfilled=True)

shadow = Shadow(device, wanted, lambda error, version: print("update", error, version))
print("ready")  # An answer may come within the connect.
device.connect()
shadow.report({"color": "red"})
device.loop()
"""


def test_shadow_is_reported_desired_and_applied(rig: Rig) -> None:
    board = online(rig, SHADOW)
    board.expect("update None 1")
    rig.platform.cloud.set_shadow(rig.product_key, "dev-1", {"color": "green"}, version=2)
    board.expect("wanted {'color': 'green'}")
    board.expect("update None 3")
    kept = rig.platform.console.device(rig.product_key, "dev-1").documents["shadow"]
    assert kept["state"] == {"reported": {"color": "green"}}


def test_shadow_version_conflict_is_retried(rig: Rig) -> None:
    rig.platform.console.add_device(rig.product_key, "dev-1")
    rig.platform.cloud.set_shadow(rig.product_key, "dev-1", {"color": "blue"}, version=41)
    board = online(rig, SHADOW)
    board.expect("wanted {'color': 'blue'}")
    board.expect("update None 42")
    board.expect("update None 43")  # The board reports the desired value as done.


AWAY = """
from alink import Device
from alink.shadow import Shadow

device = Device.from_flash()
shadow = Shadow(
    device, lambda values: print("wanted", values), lambda error, n: print("update", error, n)
)
shadow.report({"color": "red"})
shadow.report({"color": "gray", "level": 1})
print("ready")  # An answer may come within the connect.
device.connect()
device.loop()
"""


def test_shadow_is_synchronized_after_offline(rig: Rig) -> None:
    rig.platform.console.add_device(rig.product_key, "dev-1")
    rig.platform.cloud.set_shadow(rig.product_key, "dev-1", {"level": 5}, version=7)
    board = online(rig, AWAY)
    board.expect("wanted {'level': 5}")
    board.expect("update None 8")
    kept = rig.platform.console.device(rig.product_key, "dev-1").documents["shadow"]
    assert kept["state"]["reported"] == {"color": "gray", "level": 1}
    assert rig.kinds("dev-1").count("shadow_refused") == 0


DELETES = """
from alink import Device
from alink.shadow import Shadow

device = Device.from_flash()
shadow = Shadow(device, None, lambda error, n: print("update", error, n))
print("ready")  # An answer may come within the connect.
device.connect()
shadow.report({"a": 1, "b": 2, "c": 3})
shadow.delete(["a"])
shadow.report({})
device.loop()
"""


def test_shadow_delete_and_refused_update(rig: Rig) -> None:
    board = online(rig, DELETES)
    for ended in ("update None 1", "update None 2", "update 405 2"):
        board.expect(ended)
    kept = rig.platform.console.device(rig.product_key, "dev-1").documents["shadow"]
    assert kept["state"] == {"reported": {"b": 2, "c": 3}}
