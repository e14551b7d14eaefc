"""Rules for the programs of examples: what they post may fail; a file describes their world."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from alink_sim.platform import Platform
from alink_sim.platform.control import setup_file

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def test_world_file_sets_up_the_thermostat(tmp_path: Path) -> None:
    with Platform(state=tmp_path / "state") as platform:
        setup_file.apply(platform, setup_file.read(EXAMPLES / "world.toml"))
        with pytest.raises(ValueError, match=r"target is 99: use float 5\.\.30"):
            platform.cloud.set_properties("a1B2c3D4e5F", "dev-1", {"target": 99})


def test_examples_survive_a_lost_connection() -> None:
    programs = [
        path
        for path in EXAMPLES.rglob("*.py")
        if path.name not in ("server.py", "script.py") and not path.name.startswith("test_")
    ]
    assert len(programs) > 20
    assert [found for path in programs for found in unguarded(path)] == []


def unguarded(path: Path) -> Iterator[str]:
    """Yield the calls that post with no `try` around them that takes a TransportError.

    An `Outbox` keeps what it cannot post, and a decorator of a web framework posts nothing.
    """
    tree = ast.parse(path.read_text("utf-8"))
    safe = {
        call
        for block in ast.walk(tree)
        if isinstance(block, ast.Try)
        and any(one.type and "TransportError" in ast.unparse(one.type) for one in block.handlers)
        for statement in block.body
        for call in ast.walk(statement)
    }
    calls = [one for one in ast.walk(tree) if isinstance(one, ast.Call)]
    at_login = {
        ast.unparse(argument)
        for call in calls
        if ast.unparse(call.func).endswith(".when_online")
        for argument in call.args
    }
    for function in ast.walk(tree):  # The SDK calls it in a new session.
        if isinstance(function, ast.FunctionDef) and function.name in at_login:
            safe.update(ast.walk(function))
    for call in calls:
        name = ast.unparse(call.func)
        posts = name.endswith((".post", ".post_properties", ".event", "report.raw"))
        if posts and call not in safe and name not in ("app.post", "outbox.post_properties"):
            yield f"{path.name}:{call.lineno}: {name}"
