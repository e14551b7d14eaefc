"""Inputs whose structure matters, by Hypothesis: JSON documents, and machines of sessions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

from tests.reliability.documents import BODIES, repeatable
from tests.reliability.doors import Doors
from tests.reliability.files import FilesMachine
from tests.reliability.ports import PortsMachine
from tests.reliability.sessions import MqttMachine, SessionMachine

STEPS = 30  # Of a session, at most.

# Machines, by the door whose inputs they are.
MACHINES: dict[str, type[SessionMachine]] = {
    "mqtt": MqttMachine,
    "http": PortsMachine,
    "ota": FilesMachine,
}


def feed_documents(doors: Doors, door: str, examples: int) -> int:
    """Feed a door with documents; return how many. Raises as `Doors.feed` does."""
    fed = 0

    @repeatable(examples)
    @given(first=st.integers(0, 255), body=BODIES[door])
    def feed(first: int, body: bytes) -> None:
        nonlocal fed
        fed += 1
        doors.feed(door, bytes((first,)) + body)

    feed()
    return fed


def feed_sessions(doors: Doors, examples: int, *, door: str = "mqtt", shrinks: bool = True) -> int:
    """Run sessions of up to STEPS steps with the machine of a door; return the number of steps.

    `shrinks`: look for the shortest session that fails.
    """
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    run_state_machine_as_test(
        lambda: MACHINES[door](doors, count),  # type: ignore[arg-type] # It takes any factory.
        settings=repeatable(examples, shrinks=shrinks, steps=STEPS),
    )
    return steps
