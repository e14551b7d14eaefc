"""The figures that must not get worse: bytecode and heap, in bytes, by name."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from benchmarks import frozen, heap, sizes
from benchmarks.boots import Boots
from benchmarks.posts import Posts

RECORDED = Path(__file__).parent / "recorded.json"
TOLERANCE = 1.05

TITLES = {
    "heap.bare": "smallest heap: umqtt.simple + verified TLS + publish",
    "heap.first_boot": "smallest heap: first boot of the SDK",
    "heap.update": "smallest heap: first boot, session, update over HTTPS",
    "heap.online": "heap the SDK keeps while online, from .mpy",
    "heap.frozen": "heap the SDK keeps while online, frozen",
    "heap.gateway": "smallest heap: gateway of 200 sub-devices, all post",
    "mpy": "bytecode of the SDK, all modules",
}


def measure(folder: Path) -> dict[str, int]:
    """Return every figure; `folder` is scratch. Raises ToolchainError without chip32."""
    figures = measure_device(folder)
    with tempfile.TemporaryDirectory(prefix="alink-bench-") as name:
        kept = frozen.online(Path(name))
    return {"heap.gateway": heap.gateway(folder), "heap.frozen": kept, **figures}


def measure_device(folder: Path) -> dict[str, int]:
    """Return every figure but those of the gateway and the frozen SDK, which take minutes."""
    modules = sizes.mpy_bytes()
    measured = heap.measure(folder)
    return {
        "heap.bare": measured.bare,
        "heap.first_boot": measured.first_boot,
        "heap.update": measured.update,
        "heap.online": measured.online,
        "mpy": sum(modules.values()),
        **{f"mpy.{name}": size for name, size in modules.items()},
    }


def goal(name: str, figures: dict[str, int]) -> str:
    """Return each goal and the current figure, for the table."""
    if name == "heap.first_boot":
        ratio = figures[name] / figures["heap.bare"]
        return f"{ratio:.2f} x bare; goal 2.4 x"
    if name == "heap.online":
        return "goal 22528"
    return {
        "heap.frozen": "goal 9216",
        "heap.gateway": "goal 51200",
        "heap.update": "goal 45056",
    }.get(name, "")


def rows(
    posts: Posts, boots: Boots, registrations: float, platforms: float
) -> list[tuple[str, str, str]]:
    """Return the figures that no record limits: speed depends on the machine."""
    return [
        (
            "bytes on the wire for a post of 83 bytes, TLS, QoS 0",
            f"{posts.bytes_sdk}",
            f"goal 170; umqtt.simple {posts.bytes_umqtt}",
        ),
        ("first boot over two bare verified TLS connects", f"{boots.first:.2f}", "goal 1.25"),
        ("second boot over one", f"{boots.second:.2f}", "goal 1.15"),
        ("QoS 0 posts a second over umqtt.simple's", f"{posts.qos0_ratio:.2f}", "goal 0.9"),
        ("QoS 1 posts a second over umqtt.simple's", f"{posts.qos1_ratio:.0f}", "goal 100"),
        ("registrations a second over bare TLS handshakes", f"{registrations:.2f}", "goal 0.8"),
        ("a further platform of a test run over the first", f"{platforms:.2f}", "goal 0.2"),
    ]


def limit(name: str) -> int:
    """Return the most bytes that a figure may have."""
    recorded: dict[str, int] = json.loads(RECORDED.read_text("utf-8"))
    return int(recorded[name] * TOLERANCE)


def worse(figures: dict[str, int]) -> list[str]:
    """Return a sentence for each figure more than 5 % above the recorded one."""
    recorded: dict[str, int] = json.loads(RECORDED.read_text("utf-8"))
    return [
        f"{name} is {value} bytes, recorded are {recorded[name]}: make it smaller, or record it "
        "with `python -m benchmarks --record` and say why"
        for name, value in figures.items()
        if name in recorded and value > recorded[name] * TOLERANCE
    ]
