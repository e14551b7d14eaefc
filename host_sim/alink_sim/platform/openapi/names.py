"""Names of products, devices and jobs: letters of any script, a Chinese one counts as two."""

from __future__ import annotations

import re
import unicodedata

_PRODUCT = re.compile(r"[\w\-@()]+")  # \w is what Chinese is written in, too.
_JOB = re.compile(r"\w{4,30}")
_NICKNAME = re.compile(r"\w+")


def is_product_name(text: str) -> bool:
    """Tell whether a text may be a ProductName: 4 to 30 of letters, digits and _-@()."""
    return _PRODUCT.fullmatch(text) is not None and 4 <= _width(text) <= 30


def is_job_name(text: str) -> bool:
    """Tell whether a text may be a JobName: 4 to 30 of letters, digits and _."""
    return _JOB.fullmatch(text) is not None


def is_nickname(text: str) -> bool:
    """Tell whether a text may be a device's Nickname: 4 to 64 of letters, digits and _."""
    return _NICKNAME.fullmatch(text) is not None and 4 <= _width(text) <= 64


def _width(text: str) -> int:
    return sum(1 + (unicodedata.east_asian_width(one) in "WF") for one in text)
