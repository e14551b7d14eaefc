"""A registration as a picture: what crossed the wire, in order, and why it was refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from alink_sim.platform.console.packets import ShownPacket, packets
from alink_sim.platform.state.event_log import Event
from alink_sim.platform.state.packet_trace import ConnectionTrace, crossings

REGISTRATIONS = ("register", "regnwl")
_LOGINS = ("login", "connwl")
_VERDICTS = ("registered", "registration_refused", "online", "login_refused")
_LOGIN_PACKETS = 12  # Of a login the first packets: the device goes on for days.
_NOTED = ("fault", "client_id_alert", "kicked", "throttled", "protocol_error", "platform_error")


@dataclass(frozen=True)
class Step:
    """One line of the picture: a packet, or without one a note between the lifelines."""

    time: float
    packet: ShownPacket | None = None
    event: Event | None = None
    note: str = ""
    is_refused: bool = False


@dataclass
class Leg:
    """One connection of a boot: its steps and its verdict, None while it has none."""

    connection: ConnectionTrace
    steps: list[Step] = field(default_factory=list)
    verdict: Event | None = None


def registrations(connections: Iterable[ConnectionTrace]) -> Iterator[ConnectionTrace]:
    """Yield the connections that asked for a credential, newest first."""
    return (one for one in reversed(list(connections)) if one.kind in REGISTRATIONS)


def boot(
    connection: ConnectionTrace,
    connections: Iterable[ConnectionTrace],
    events: Iterable[Event],
    hide: Callable[[str], str],
) -> list[Leg]:
    """Return a registration and the login behind it; `events` are the device's, newest first."""
    of_device = list(events)
    legs = [_leg(connection, of_device, hide)]
    login = next((one for one in connections if _follows(one, connection)), None)
    return [*legs, _leg(login, of_device, hide)] if login else legs


def verdict(connection: ConnectionTrace, events: Iterable[Event]) -> Event | None:
    """Return the event that says how a connection's request ended."""
    wanted = (event for event in events if event.kind in _VERDICTS)
    mine = (event for event in wanted if _is_during(event, connection))
    return next((event for event in mine if event.client_id == connection.client_id), None)


def _follows(login: ConnectionTrace, registration: ConnectionTrace) -> bool:
    return (
        login.number > registration.number
        and login.kind in _LOGINS
        and (login.product_key, login.device_name)
        == (registration.product_key, registration.device_name)
    )


def _leg(connection: ConnectionTrace, events: list[Event], hide: Callable[[str], str]) -> Leg:
    leg = Leg(connection, verdict=verdict(connection, events))
    leg.steps.append(Step(connection.opened, note="opened"))
    most = None if connection.kind in REGISTRATIONS else _LOGIN_PACKETS
    for crossing in crossings(connection.first[:most]):
        for packet in packets(crossing, hide):
            refused = bool(packet.code) or (
                packet.kind == "HTTPS"
                and not packet.is_up
                and bool(leg.verdict)
                and leg.verdict is not None
                and leg.verdict.kind == "registration_refused"
            )
            leg.steps.append(Step(packet.time, packet=packet, is_refused=refused))
    noted = (one for one in events if one.kind in _NOTED and _is_during(one, connection))
    leg.steps += [Step(event.time, event=event) for event in noted]
    if connection.ended is not None:
        leg.steps.append(Step(connection.ended, note="closed"))
    leg.steps.sort(key=lambda step: step.time)  # Stable: packets keep their order.
    return leg


def _is_during(event: Event, connection: ConnectionTrace) -> bool:
    end = connection.ended
    return connection.opened <= event.time and (end is None or event.time <= end)
