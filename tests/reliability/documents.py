"""JSON documents and forms that Hypothesis builds, of the names that messages have."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from tests.reliability.doors import DN, PK

NAMES = st.one_of(
    st.sampled_from(
        [
            "id",
            "params",
            "method",
            "sys",
            "ack",
            "value",
            "time",
            "version",
            "state",
            "reported",
            "desired",
            "productKey",
            "deviceName",
            "clientId",
            "sign",
            "timestamp",
            "properties",
            "events",
            "attrKey",
            "attrValue",
            "module",
            "step",
            "desc",
            "code",
            "data",
            "identity",
        ]
    ),
    st.text(max_size=8),
)
_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from((PK, DN, "subs", "sub-1", "null", "update", "get", "delete", "default")),
)
VALUES = st.recursive(
    _VALUES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(NAMES, inner, max_size=5)
    ),
    max_leaves=20,
)
DOCUMENTS = st.dictionaries(NAMES, VALUES, max_size=6).map(
    lambda document: json.dumps(document).encode("utf-8", "surrogatepass")
)


def _forms(value: dict[str, Any]) -> bytes:
    return urlencode({name: json.dumps(one) for name, one in value.items()}).encode()


BODIES = {
    "json": DOCUMENTS,
    "message": DOCUMENTS,
    "https": DOCUMENTS,
    "admin": DOCUMENTS,
    "openapi": st.dictionaries(
        st.sampled_from(
            [
                "Items",
                "Props",
                "Versions",
                "Args",
                "ShadowMessage",
                "Identifier",
                "StartTime",
                "EndTime",
                "PageSize",
                "CurrentPage",
                "Asc",
                "Nickname",
                "JobId",
                "FirmwareId",
            ]
        ),
        VALUES,
        max_size=5,
    ).map(_forms),
}


def repeatable(examples: int, *, shrinks: bool = True, steps: int = 1) -> settings:
    """Return the settings of a run that is the same each time.

    `shrinks`: look for the shortest input that fails. `steps`: of a machine, at most.
    """
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        phases=tuple(Phase) if shrinks else (Phase.generate,),
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
