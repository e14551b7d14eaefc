"""Batches of devices to register: their names and their status.

docs/reference/protocol.md, "Cloud API". Plain state; `openapi.batches` has the rules.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Stage(StrEnum):
    """How far a batch has come, in the vendor's words."""

    CHECK = "CHECK"
    CHECK_SUCCESS = "CHECK_SUCCESS"
    CHECK_FAILED = "CHECK_FAILED"
    CREATE = "CREATE"
    CREATE_SUCCESS = "CREATE_SUCCESS"
    CREATE_FAILED = "CREATE_FAILED"


@dataclass
class Application:
    """A batch of one product; `id` is the ApplyId, as text.

    `nicknames` has those that were given, `failed` the names that cannot be had, each with why.
    """

    id: str
    product_key: str
    stage: str
    names: list[str]
    nicknames: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
