"""One verdict on each combination of method, region, instance, node type and host.

Board, `alink-burn plan`, set-up file and platform judge all of them; where two do not agree, the
reason has a name here.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

import pytest

from alink_formats import rules
from alink_formats.identity import Identity
from alink_sim.platform.access.auth import Credentials, Kind
from alink_sim.platform.access.instance_rules import check_instance
from alink_sim.platform.access.node_rules import check_node
from alink_sim.platform.control import setup_file
from alink_sim.platform.control.setup_file import SetupError
from alink_sim.platform.state.entities import NodeType, Product
from alink_sim.platform.state.instances import Instance, instance_of
from alink_sim.platform.state.refusal import RefusedError
from alink_sim.platform.state.registry import Registry
from tests.firmware import upy_program

PK, IID = "a1B2c3D4e5F", "iot-060a0001"
# Written again: a region that the table loses has to fail here.
REGIONS = (
    "", "cn-shanghai", "cn-beijing", "cn-shenzhen", "ap-southeast-1", "ap-northeast-1",
    "us-west-1", "us-east-1", "eu-central-1", "mars",
)  # fmt: skip
HOSTS = {
    "none": "",
    "private": "mqtt.example",
    "of the instance": f"{IID}.mqtt.iothub.aliyuncs.com",
    "of another instance": "iot-another0.mqtt.iothub.aliyuncs.com",
    "of the product": f"{PK}.iot-as-mqtt.cn-shanghai.aliyuncs.com",
    "of the product in the US": f"{PK}.iot-as-mqtt.us-west-1.aliyuncs.com",
}
# The word of the table for each field of the board.
FIELDS = {"Region": "region", "InstanceId": "instance", "Method": "method", "Host": "host"}

# Differences that are justified, and by what they are known.
TOPOLOGY = "only the platform knows which device is in a topology"
PRIVATE = "a host that is not the vendor's may lead anywhere: only the platform there knows"
UNDECLARED = "an undeclared instance may be any, and for the platform is public, in cn-shanghai"


@dataclass(frozen=True)
class Case:
    """A certificate, the kind of its instance ("" if unknown), and the node of its product."""

    method: str
    region: str
    kind: str
    node_type: int
    in_topology: bool
    host: str
    instance_id: str
    https_host: str = ""

    @property
    def identity(self) -> Identity:
        """The certificate as the line burns it."""
        return Identity(
            product_key=PK,
            method=self.method,
            region=self.region,
            host=HOSTS[self.host],
            instance_id=self.instance_id,
            https_host=self.https_host,
        )

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """The certificate as the board reads it."""
        values = {
            "ProductKey": PK,
            "Method": self.method,
            "Region": self.region,
            "Host": HOSTS[self.host],
            "InstanceId": self.instance_id,
            "HttpsHost": self.https_host,
        }
        return tuple((name, value) for name, value in values.items() if value)


CASES = [
    Case(*values)
    for values in itertools.product(
        ("register", "regnwl", "https"),
        REGIONS,
        ("", *rules.INSTANCE_KINDS),
        list(NodeType),
        (False, True),
        HOSTS,
        ("", IID),
        ("", "127.0.0.1:8443"),
    )
]


@pytest.fixture(scope="module")
def board() -> dict[tuple[tuple[str, str], ...], tuple[str, str]]:
    """Return what the board refuses of each certificate, and which host it dials."""
    certificates = list({case.fields: None for case in CASES})
    found = upy_program.result("verdicts.py", [dict(fields) for fields in certificates])
    verdicts = [(said, host) for said, host in found]
    return dict(zip(certificates, verdicts, strict=True))


@cache
def plan(case: Case) -> tuple[str, ...]:
    """Return what `alink-burn plan` refuses; it knows nothing of a topology."""
    of_sub_devices = case.node_type == NodeType.SUB_DEVICE
    return tuple(
        rules.conflicts(case.identity, instance_kind=case.kind, of_sub_devices=of_sub_devices)
    )


@cache
def declared(instance_id: str, kind: str, region: str) -> str:
    """Return what the set-up file refuses of an instance."""
    table = {"id": instance_id, "kind": kind, "region": region or "cn-shanghai"}
    try:
        setup_file.parse({"instance": [table]}, where="w")
    except SetupError as error:
        return str(error)
    return ""


def judged(case: Case, host: str) -> str:
    """Return what the platform refuses of a device that dials a host, at registration or login."""
    registry = Registry(on_change=lambda _: None, on_remove=lambda _: None)
    product = Product(PK, "s", "n", node_type=case.node_type, instance=case.instance_id)
    if case.kind:
        instance = Instance(case.instance_id, case.kind, case.region or "cn-shanghai")
        name, document = instance.document
        product.documents[name] = document
    registry.products[PK] = product
    if case.in_topology:
        gateway = registry.add_device(PK, "gateway-1")
        device = registry.add_device(PK, "dev-1")
        device.documents["gateway"] = [PK, gateway.name, gateway.iot_id]
    kind = {"register": Kind.REGISTER, "regnwl": Kind.REGNWL}.get(case.method, Kind.LOGIN)
    sent = {"instanceId": case.instance_id} if case.instance_id else {}
    credentials = Credentials(kind, PK, "dev-1", "dev-1", sent, "", host=host)
    try:
        check_instance(instance_of(product, strict=True), credentials, regnwl=rules.REGNWL_REGIONS)
        check_node(registry, product, credentials)
    except RefusedError as error:
        return str(error)
    return ""


def without_kind(case: Case) -> Case:
    return replace(case, kind="", node_type=0, in_topology=False)


def test_board_judges_as_plan_without_the_kind(board) -> None:
    """A board knows neither kind nor node type; in all else the two are equal."""
    seen = Counter[str]()
    for case in {without_kind(case) for case in CASES}:
        said, _ = board[case.fields]
        of_plan = plan(case)
        assert bool(said) == bool(of_plan), (case, said, of_plan)
        if said:
            field = said.split()[0]
            seen[field] += 1
            assert any(FIELDS[field] in sentence for sentence in of_plan), (said, of_plan)
    assert seen.keys() == FIELDS.keys()


def test_setup_file_judges_instances_as_plan() -> None:
    combinations = {(case.instance_id, case.kind, case.region) for case in CASES if case.kind}
    refused = 0
    for instance_id, kind, region in combinations:
        case = Case("register", region, kind, 0, False, "none", instance_id)
        said = declared(instance_id, kind, region)
        assert bool(said) == bool(plan(case)), (case, said, plan(case))
        refused += bool(said)
    assert 0 < refused < len(combinations)


def reasons(case: Case, refused: str) -> Iterator[str]:
    """Yield by which names plan and platform may judge a case differently."""
    if refused.startswith("preregistration-free registration is not for a sub-device of"):
        yield TOPOLOGY
    needs_enterprise = refused.startswith("preregistration-free registration needs")
    if not case.kind and (needs_enterprise or case.region not in ("", "cn-shanghai")):
        yield UNDECLARED
    if case.host == "private" and refused:
        yield PRIVATE


def test_platform_judges_as_plan_with_named_differences(board) -> None:
    seen = Counter[str]()
    agreed = Counter[bool]()
    for case in CASES:
        if case.kind and declared(case.instance_id, case.kind, case.region):
            continue  # A platform cannot have it: plan and set-up file refuse it, see above.
        host = board[case.fields][1]
        refused = judged(case, host)
        if not case.kind:
            public = "public" if case.instance_id else "old_public"
            assert refused == judged(replace(case, kind=public, region="cn-shanghai"), host)
        if case.method == "regnwl" and (case.node_type == NodeType.SUB_DEVICE or case.in_topology):
            assert refused
        of_plan = plan(case)
        if bool(refused) == bool(of_plan):
            agreed[bool(refused)] += 1
            continue
        named = next(reasons(case, refused), "")
        assert named, (case, refused, of_plan)
        seen[named] += 1
    assert seen.keys() == {TOPOLOGY, PRIVATE, UNDECLARED}
    assert min(agreed[True], agreed[False]) > sum(seen.values()) / 4
