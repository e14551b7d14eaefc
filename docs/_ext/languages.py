"""Link a page and its translation: `docs/zh-CN/PAGE.md` is the translation of `docs/PAGE.md`."""

from __future__ import annotations

import re
from collections.abc import Collection

LANGUAGES = {"en": "English", "zh-CN": "简体中文"}
_TITLE = re.compile(r"^# .*\n", re.MULTILINE)


def language_of(docname: str) -> str:
    """Return the language of a page, by its path without the suffix."""
    first = docname.partition("/")[0]
    return first if first in LANGUAGES else "en"


def translations_of(docname: str, known: Collection[str]) -> dict[str, str]:
    """Return the known pages with the same content in other languages, by language."""
    here = language_of(docname)
    plain = docname if here == "en" else docname.partition("/")[2]
    paths = {one: plain if one == "en" else f"{one}/{plain}" for one in LANGUAGES}
    return {one: path for one, path in paths.items() if one != here and path in known}


def with_links(text: str, docname: str, known: Collection[str]) -> str:
    """Return a page with links to its translations below the title."""
    links = [
        f"[{LANGUAGES[one]}](/{path}.md)" for one, path in translations_of(docname, known).items()
    ]
    if not links:
        return text
    return _TITLE.sub(lambda title: f"{title[0]}\n{' · '.join(links)}\n", text, count=1)
