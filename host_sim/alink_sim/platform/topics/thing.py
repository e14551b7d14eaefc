"""Reports of a device by its thing model (docs/reference/protocol.md, "TSL").

Each verb takes the request and returns its result; values are kept in the device.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from alink_sim import thing_model
from alink_sim.platform.core import Core
from alink_sim.platform.state.sessions import Session
from alink_sim.platform.state.weight import MAX_DEVICE_BYTES, weight
from alink_sim.platform.topics.envelope import Request, Result
from alink_sim.thing_model import ThingModel

Verb = Callable[[Core, Session, Request], Result]

MAX_PROPERTIES = 200
_MAX_GIVEN = 1000  # Names in one message, those that are dropped among them.
_MAX_SAMPLES = 1000  # Samples and events in one message.
_MAX_STORED = 2000
_MOST_PACKED = (20, 200, 20)  # Sub-devices, properties and events in one pack.
_MOST_AHEAD = 24 * 3600  # Seconds that the time of a value may be ahead of the platform's.
_AHEAD = 6326
_FULL = f"the device has {_MAX_STORED} properties, or {MAX_DEVICE_BYTES >> 10} KB of them"
MALFORMED = Result(code=460, message="request parameter error")
TOO_MANY = Result(code=6106, message="too many properties in one request")
_TOO_MANY_DESIRED = Result(code=6104, message="too many desired properties in one request")
_IDENTIFIER = re.compile(r"(?:[A-Za-z0-9_]{1,64}:)?[A-Za-z0-9_]{1,64}")


def property_post(core: Core, session: Session, request: Request) -> Result:
    """Keep one value a property: plain, or {"value": ..., "time": milliseconds}."""
    if not isinstance(request.params, dict):
        return MALFORMED
    given = request.params.items()
    return _ahead(core, given) or _report(core, session, given)


def batch_post(core: Core, session: Session, request: Request) -> Result:
    """Keep many samples of many properties, and events: the newest of each property counts."""
    given = request.params
    if not isinstance(given, dict):
        return MALFORMED
    return _samples(core, session, given.get("properties", {}), given.get("events", {}))


def history_post(core: Core, session: Session, request: Request) -> Result:
    """Note samples of a time gone by; what a property is now they do not change."""
    if not isinstance(request.params, list):
        return MALFORMED
    if len(request.params) > _MAX_SAMPLES:
        return TOO_MANY
    for one in request.params:
        if not isinstance(one, dict) or not isinstance(one.get("identity"), dict):
            return MALFORMED
        if refused := _ahead(core, _named_samples(one)):
            return refused
        core.note(
            "history_posted",
            session,
            properties=one.get("properties", []),
            events=one.get("events", []),
        )
    return Result()


def pack_post(core: Core, session: Session, request: Request) -> Result:
    """Keep what a gateway posts of itself and of its sub-devices that are online."""
    packs = _packs(session, request.params)
    if packs is None:
        return MALFORMED
    result = Result()
    for one, properties, events in packs:
        told = _samples(core, one, _listed(properties), _listed(events))
        result = told if told.code != Result.code else result
    return result


def model_get(core: Core, session: Session, _request: Request) -> Result:
    """Return the thing model of the product, {} without one."""
    return Result(data=core.registry.product(session.product_key).documents.get("thing") or {})


def reset(core: Core, session: Session, _request: Request) -> Result:
    """Note that a person has reset the device; the platform keeps what it has."""
    core.note("reset_reported", session)
    return Result()


def event_post(name: str) -> Verb:
    """Return the verb of one event, whose params are {"value": {...}, "time": ms} or {...}."""

    def verb(core: Core, session: Session, request: Request) -> Result:
        if not isinstance(request.params, dict):
            return MALFORMED
        refused = _ahead(core, [(name, request.params)])
        return refused or _event(core, session, name, _value(request.params))

    return verb


def desired_get(_core: Core, session: Session, request: Request) -> Result:
    """Return the desired values of the listed properties; one that has none is left out."""
    if not isinstance(request.params, list):
        return MALFORMED
    if not all(isinstance(name, str) for name in request.params):
        return MALFORMED
    if len(request.params) > MAX_PROPERTIES:
        return _TOO_MANY_DESIRED
    desired = session.device.documents.get("desired", {})
    return Result(data={name: desired[name] for name in request.params if name in desired})


def desired_delete(core: Core, session: Session, request: Request) -> Result:
    """Delete desired values: of a version, where one is named; another version is left alone."""
    if not isinstance(request.params, dict):
        return MALFORMED
    desired = dict(session.device.documents.get("desired", {}))
    for name, wanted in request.params.items():
        version = wanted.get("version") if isinstance(wanted, dict) else None
        if name in desired and version in (None, desired[name]["version"]):
            del desired[name]
    core.registry.keep(session.device, "desired", desired)
    return Result()


def _packs(session: Session, params: Any) -> list[tuple[Session, Any, Any]] | None:
    """Return (session, properties, events) of each device in a pack, None for another form."""
    if not isinstance(params, dict):
        return None
    subs = params.get("subDevices", [])
    parts = (subs, params.get("properties", {}), params.get("events", {}))
    if not isinstance(subs, list) or any(map(_is_too_long, parts, _MOST_PACKED)):
        return None
    packs = [(session, *parts[1:])]
    for one in subs:
        identity = one.get("identity") if isinstance(one, dict) else None
        names = _names(identity) if isinstance(identity, dict) else None
        if names is None or names not in session.carried:
            return None
        packs.append((session.carried[names], one.get("properties", {}), one.get("events", {})))
    return packs


def _names(identity: dict[str, Any]) -> tuple[str, str]:
    return str(identity.get("productKey")), str(identity.get("deviceName"))


def _is_too_long(part: Any, most: int) -> bool:
    return isinstance(part, dict | list) and len(part) > most


def _listed(samples: Any) -> Any:
    """Return one sample a name as lists of one, which a batch has."""
    return {name: [one] for name, one in samples.items()} if isinstance(samples, dict) else None


def _samples(core: Core, session: Session, properties: Any, events: Any) -> Result:
    if not isinstance(properties, dict) or not isinstance(events, dict):
        return MALFORMED
    if not all(isinstance(one, list) for one in (*properties.values(), *events.values())):
        return MALFORMED
    if sum(map(len, (*properties.values(), *events.values()))) > _MAX_SAMPLES:
        return TOO_MANY
    timed = (*properties.items(), *events.items())
    if refused := _ahead(core, ((name, one) for name, samples in timed for one in samples)):
        return refused
    newest = ((name, samples[-1]) for name, samples in properties.items() if samples)
    result = _report(core, session, newest)
    for name, samples in events.items():
        for sample in samples:
            told = _event(core, session, name, _value(sample))
            result = told if result.code == Result.code else result
    return result


def _ahead(core: Core, given: Iterable[tuple[str, Any]]) -> Result | None:
    """Return the refusal of a value whose time is more than 24 h ahead, None without one."""
    latest = (core.clock.time() + _MOST_AHEAD) * 1000
    for name, one in given:
        at = one.get("time") if isinstance(one, dict) and "value" in one else None
        if isinstance(at, int | float) and at > latest:
            return Result(code=_AHEAD, message=f"the time of {name} is more than 24 h ahead")
    return None


def _named_samples(one: dict[str, Any]) -> Iterable[tuple[str, Any]]:
    """Yield (name, sample) of one entry of a history, as far as it has the documented form."""
    for entries in (one.get("properties"), one.get("events")):
        for entry in entries if isinstance(entries, list) else ():
            yield from entry.items() if isinstance(entry, dict) else ()


def _event(core: Core, session: Session, name: str, values: Any) -> Result:
    if model := model_of(core, session.product_key):
        for wrong in thing_model.check_event(model, name, values):
            return Result(code=wrong.code, message=f"{wrong.name} {wrong.text}")
    core.note("event_posted", session, event=name, values=values)
    return Result()


def _report(core: Core, session: Session, given: Iterable[tuple[str, Any]]) -> Result:
    # Weak validation, the default: a wrong value is dropped, and the reply is 200.
    given = list(itertools.islice(given, _MAX_GIVEN + 1))
    if len(given) > _MAX_GIVEN:
        return TOO_MANY  # Not a name is looked at.
    model = model_of(core, session.product_key)
    values = {}
    for name, one in given:
        wrong = thing_model.check_properties(model, {name: one}) if model else []
        for complaint in wrong:
            core.note("value_dropped", session, reason=str(complaint))
        if not wrong and _IDENTIFIER.fullmatch(name):
            values[name] = _value(one)
    if len(values) > MAX_PROPERTIES:
        return TOO_MANY
    if values:
        stored = {**session.device.properties, **values}
        if len(stored) > _MAX_STORED or weight(stored) > MAX_DEVICE_BYTES:
            core.note("value_dropped", session, reason=_FULL)
            return TOO_MANY
        core.registry.report(session.device, values)
    core.note("property_posted", session, values=values)
    return Result()


def _value(given: Any) -> Any:
    if isinstance(given, dict) and "value" in given and set(given) <= {"value", "time"}:
        return given["value"]
    return given


def model_of(core: Core, product_key: str) -> ThingModel | None:
    """Return a product's thing model, None where it has none."""
    document = core.registry.product(product_key).documents.get("thing")
    return _parsed(json.dumps(document)) if document else None


@cache
def _parsed(document: str) -> ThingModel:
    return thing_model.parse(json.loads(document))
