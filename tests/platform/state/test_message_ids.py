"""Ids of messages: each platform's own, and none twice on a session."""

from __future__ import annotations

from collections.abc import Callable

from alink_sim.platform import Platform
from tests.platform.gateway import GATEWAY_PK, SUB_PK, Gateway, signed, sub
from tests.platform.ota_messages import DATA, DN, PK


def test_gateway_gets_no_id_twice(platform: Platform):
    name = "gateway-1"
    with Gateway(platform) as gateway:
        sub(platform)
        platform.cloud.set_properties(GATEWAY_PK, name, {"led": 1})
        platform.cloud.ask_to_add(GATEWAY_PK, name, [(SUB_PK, "sub-0001")])
        platform.cloud.add_sub_device(SUB_PK, "sub-0001", gateway=(GATEWAY_PK, name))
        platform.cloud.call_service(GATEWAY_PK, name, "Blink", {})
        platform.ota.publish(GATEWAY_PK, "2.0.0", DATA)
        ids = [str(gateway.told()[1]["id"]) for _ in range(5)]
        assert len(set(ids)) == 5, ids


def test_sub_device_shares_no_id_with_its_gateway(platform: Platform):
    with Gateway(platform) as gateway:
        device = sub(platform)
        platform.cloud.add_sub_device(SUB_PK, device.name, gateway=(GATEWAY_PK, gateway.name))
        ids = [gateway.told()[1]["id"]]
        assert gateway.ask("combine/login", signed())[0] == 200
        platform.cloud.set_properties(SUB_PK, device.name, {"led": 1})
        platform.console.disable_device(SUB_PK, device.name)
        ids += [gateway.told()[1]["id"] for _ in range(4)]
        assert len(set(ids)) == 5, ids


def test_platforms_of_one_process_count_apart(make_platform: Callable[..., Platform]):
    ids = []
    for platform in (make_platform(), make_platform()):
        platform.console.create_product(key=PK)
        platform.console.add_device(PK, DN)
        ids.append([platform.cloud.set_properties(PK, DN, {"led": n}) for n in range(3)])
    assert ids[0] == ids[1] == ["1", "2", "3"]
