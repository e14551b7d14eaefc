"""Pages from templates: names and values in, HTML out.

Every value is escaped. Text from a device keeps its writing direction to itself (`<bdi>`), shows
its control and direction characters as escapes, and is cut where it is long.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from alink_sim.platform.console.addresses import address
from alink_sim.platform.console.charts import chart
from alink_sim.platform.console.local_time import local
from alink_texts import LANGUAGES, translations
from alink_texts.sentences import Sentences, sentences

FOLDER = Path(__file__).parent / "templates"
_LONGEST = 300  # Characters of a device's text in a table.


class Templates:
    """The console's templates in every language."""

    def __init__(self) -> None:
        self._environments = {language: _environment(language) for language in LANGUAGES}

    def render(self, template: str, *, language: str, **context: Any) -> str:
        """Return a page."""
        environment = self._environments[language]
        return environment.get_template(template).render(language=language, **context)


def visible(text: str) -> str:
    """Return a text in which what a browser would not show, or would turn round, is visible."""
    return "".join(one if one.isprintable() or one == "\n" else repr(one)[1:-1] for one in text)


def shown(value: Any, longest: int = _LONGEST) -> Markup:
    """Return a value from a device as isolated text (`<bdi>`), cut after `longest` characters."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if not text:
        return Markup()
    if len(text) <= longest:
        return Markup("<bdi>{}</bdi>").format(visible(text))
    cut = Markup('<bdi>{}</bdi><span class="cut" title="{}">… {}</span>')
    return cut.format(visible(text[:longest]), f"{len(text)}", f"({len(text):,})")


def said(text: str, longest: int = _LONGEST, *, spoken: Sentences) -> Markup:
    """Return a sentence of the platform in the words of `spoken`, its values isolated and cut.

    A sentence that `spoken` lacks stays English, and says so to a screen reader.
    """
    if not text:
        return Markup()
    if (parts := spoken.parts(text)) is None:
        return Markup('<span lang="en">{}</span>').format(shown(text, longest))
    pieces = (shown(one.text, longest) if one.is_value else escape(one.text) for one in parts)
    return Markup("<span>{}</span>").format(Markup().join(pieces))


def moment(seconds: float | None) -> Markup:
    """Return a time in seconds since 1970 as local time, a dash for None."""
    if not seconds:
        return Markup('<span class="none">&ndash;</span>')
    at = local(seconds)
    text = f"{at:%Y-%m-%d %H:%M:%S}"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        at.isoformat(timespec="milliseconds"), f"{at:%Y-%m-%d %H:%M:%S.%f %Z}", text
    )


def size(count: int) -> str:
    """Return a number of bytes for people."""
    amount = float(count)
    for unit in ("B", "KB", "MB"):
        if amount < 1024 or unit == "MB":
            break
        amount /= 1024
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


def pretty(value: Any) -> str:
    """Return a value as indented JSON."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def _environment(language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    words = translations(language)
    environment.install_gettext_translations(words, newstyle=True)  # type: ignore[attr-defined]
    environment.filters |= {
        "moment": moment,
        "pretty": pretty,
        "said": partial(said, spoken=sentences(language)),
        "shown": shown,
        "size": size,
        "visible": visible,
    }
    environment.globals |= {
        "LANGUAGES": LANGUAGES,
        "address": address,
        "chart": partial(chart, words=words.gettext),
    }
    return environment
