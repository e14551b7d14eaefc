"""The addresses of the console's pages."""

from __future__ import annotations

from urllib.parse import quote, urlencode


def address(*parts: str, **query: object) -> str:
    """Return the path of a page: its parts are quoted, and a query that is empty left out."""
    path = "/" + "/".join(quote(part, safe="") for part in parts)
    given = {name: value for name, value in query.items() if value not in ("", None, False)}
    return f"{path}?{urlencode(given)}" if given else path
