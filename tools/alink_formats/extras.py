"""The extras of `pip install alink-sdk`, and the sentence that names a missing one.

The distribution is small without them. pyproject.toml lists the packages of each extra.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from alink_formats.errors import ToolchainError

# The extra of each module that only one of them brings; the others belong to the program's own.
_EXTRA_OF = {
    "aiohttp": "sim",
    "alibabacloud_iot20180120": "cloud",
    "alibabacloud_tea_openapi": "cloud",
    "babel": "console",
    "jinja2": "console",
    "psycopg": "postgres",
    "reportlab": "labels",
    "textual": "burn",
    "pytest": "pytest",
}
_SHARED = ("rich", "serial", "sqlalchemy")
_ALSO_OF_BURN = ("babel",)  # The line speaks the languages of the console.


def has(extra: str) -> bool:
    """Tell whether the modules that only this extra brings are installed."""
    return all(find_spec(module) for module, one in _EXTRA_OF.items() if one == extra)


def how_to_get(extra: str) -> str:
    """Return the command that installs an extra."""
    return f"pip install 'alink-sdk[{extra}]'"


def missing(error: ModuleNotFoundError, *, own: str) -> str | None:
    """Return the sentence for a package that is not installed, None for another module.

    `own` is the extra of the program, which brings the packages that several extras share.
    """
    module = (error.name or "").partition(".")[0]
    is_own = module in _SHARED or (own == "burn" and module in _ALSO_OF_BURN)
    extra = own if is_own else _EXTRA_OF.get(module)
    return f"{module} is not installed: {how_to_get(extra)}" if extra else None


@contextmanager
def required(own: str) -> Iterator[None]:
    """Raise ToolchainError with that sentence where a package is missing inside the block."""
    try:
        yield
    except ModuleNotFoundError as error:
        if sentence := missing(error, own=own):
            raise ToolchainError(sentence) from error
        raise
