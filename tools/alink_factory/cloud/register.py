"""Pre-registration: create a device on the platform for each DeviceName of a batch.

A device that exists already counts as done, so an interrupted run is repeated as it is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from alink_factory.batch.plan import Plan
from alink_factory.cloud.client import MOST, Cloud
from alink_factory.errors import BatchError
from alink_factory.ledger import Ledger

_INTERVAL = 0.5  # Seconds between two queries of an application.


@dataclass(frozen=True)
class Registration:
    """Progress of a product: names `done`, of these `created` now; `refused` are the others."""

    product_key: str
    total: int
    done: int = 0
    created: int = 0
    refused: tuple[str, ...] = ()


def register(
    plan: Plan,
    ledger: Ledger,
    cloud: Cloud,
    *,
    size: int = 1000,
    wait: Callable[[float], None] = time.sleep,
) -> Iterator[Registration]:
    """Register every known DeviceName, `size` at a time; yield the progress.

    Raises BatchError if no name is known yet, CloudError if the platform refuses a call.
    """
    noted = {
        (entry.product_key, entry.device_name)
        for entry in ledger.entries(plan.batch.name)
        if entry.what == "registered"
    }
    for product_key, names in _names(plan, ledger).items():
        state = Registration(product_key, len(names))
        for at in range(0, len(names), min(size, MOST)):
            part = names[at : at + min(size, MOST)]
            created, refused = _register(cloud, product_key, part, wait)
            state = Registration(
                product_key,
                len(names),
                state.done + len(part) - len(refused),
                state.created + len(created),
                state.refused + refused,
            )
            for name in part:
                if name not in refused and (product_key, name) not in noted:
                    ledger.note(
                        "registered",
                        batch=plan.batch.name,
                        product_key=product_key,
                        device_name=name,
                        detail="" if name in created else "it existed already",
                    )
            yield state


def _names(plan: Plan, ledger: Ledger) -> dict[str, list[str]]:
    # Names of rows, and of boards that got theirs on the line. Rows with a DeviceSecret are
    # registered already.
    found: dict[str, dict[str, None]] = {}
    own = {(row.product_key, row.device_name) for row in plan.rows if row.device_secret}
    rows = [(row.product_key, row.device_name) for row in plan.rows if row.device_name]
    boards = [(claim.product_key, claim.device_name) for claim in ledger.claims(plan.batch.name)]
    for key, name in (*rows, *boards):
        if (key, name) not in own:
            found.setdefault(key, {})[name] = None
    if not found and not own:
        raise BatchError(
            f"no DeviceName of {plan.batch.name} is known yet: the names come from the boards "
            f"({plan.batch.naming.scheme}). Burn first and register then, or use method = "
            '"regnwl", which needs no registration'
        )
    return {key: list(names) for key, names in found.items()}


def _register(
    cloud: Cloud, key: str, names: Sequence[str], wait: Callable[[float], None]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    # Returns the names created now and the refused ones.
    apply_id, taken = _checked(cloud, key, names, wait)
    rest = tuple(name for name in names if name not in taken)
    if not rest:
        return (), ()
    if taken:
        apply_id, refused = _checked(cloud, key, rest, wait)
        rest = tuple(name for name in rest if name not in refused)
    cloud.register(key, apply_id)
    if _wait_for(cloud, key, apply_id, wait)[0] == "CREATE_SUCCESS":
        return rest, ()
    # Check which of them exist: another run may have created some at the same time.
    _, there = _checked(cloud, key, rest, wait)
    missing = tuple(name for name in rest if name not in there)
    return tuple(name for name in rest if name in there), missing


def _checked(
    cloud: Cloud, key: str, names: Sequence[str], wait: Callable[[float], None]
) -> tuple[str, dict[str, str]]:
    apply_id, refused = cloud.check(key, names)
    if refused:
        return apply_id, refused
    _, refused = _wait_for(cloud, key, apply_id, wait)
    return apply_id, refused


def _wait_for(
    cloud: Cloud, key: str, apply_id: str, wait: Callable[[float], None]
) -> tuple[str, dict[str, str]]:
    while True:
        state, refused = cloud.status(key, apply_id)
        if state.endswith(("_SUCCESS", "_FAILED")):
            return state, refused
        wait(_INTERVAL)
