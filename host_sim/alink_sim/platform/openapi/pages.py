"""A page of a list, as the vendor counts: from 1, with the number of pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar

from alink_sim.platform.openapi.call import Call
from alink_sim.platform.openapi.errors import ApiError

_MOST = 50
_T = TypeVar("_T")


@dataclass(frozen=True)
class Page(Generic[_T]):
    """Some items of many; `facts` is what the response says of the whole.

    `next_token` is what the next page may be asked for with, "" on the last.
    """

    number: int
    items: Sequence[_T]
    facts: dict[str, Any]
    next_token: str

    @classmethod
    def of(
        cls,
        call: Call,
        whole: Sequence[_T],
        *,
        number: str = "CurrentPage",
        most: int = _MOST,
        token: str = "",
    ) -> Self:
        """Return the page that a call asks for, by number or by token. Raises ApiError."""
        page = call.number(number, 1)
        size = call.number("PageSize", 10)
        if page < 1 or not 1 <= size <= most or (token and not token.isdecimal()):
            raise ApiError("iot.common.InvalidPageParams")
        start = int(token) if token else (page - 1) * size
        return cls(
            number=page,
            items=whole[start : start + size],
            facts={
                "PageSize": size,
                "PageCount": -(-len(whole) // size),
                "Total": len(whole),
            },
            next_token=str(start + size) if start + size < len(whole) else "",
        )
