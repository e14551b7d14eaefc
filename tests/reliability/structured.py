"""Inputs whose structure matters, by Hypothesis: JSON documents, and machines of sessions."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

from tests.reliability.documents import BODIES
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

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
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
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            phases=tuple(Phase) if shrinks else (Phase.generate,),
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    return steps
