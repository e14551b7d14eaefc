"""Translations of what people read: an English text in, the text of a language out.

One catalog serves the console of the simulated platform and the production line. It is gettext's
`.po` file beside this module, read as it is, so no build step makes a `.mo` of it. The words are
those of the vendor's console in that language. `sentences` reads a second one, of what the
platform says: reasons and errors, which are finished English texts with values in them.
"""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

from babel import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

LANGUAGES = {"en": "English", "zh_CN": "简体中文"}

_FOLDER = Path(__file__).parent
SOURCE = "en"  # The texts in the code are the catalog's keys.


def catalog_file(language: str, domain: str = "") -> Path:
    """Return the file with the translations of a language.

    `domain` is "" for the texts of pages, "platform" or "line" for sentences.
    """
    return _FOLDER / ".".join(filter(None, (language, domain, "po")))


@cache
def translations(language: str) -> NullTranslations:
    """Return the translations of one of `LANGUAGES`; a text without one stays English."""
    if language == SOURCE:
        return NullTranslations()
    with catalog_file(language).open("rb") as file:
        catalog = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return Translations(compiled)


def best_language(accepted: str) -> str:
    """Return the language of `LANGUAGES` that an Accept-Language header prefers."""
    wanted = [one.partition(";")[0].strip().replace("-", "_") for one in accepted.split(",")]
    wanted = ["zh_CN" if one.lower().startswith("zh") else one for one in wanted if one]
    return negotiate_locale(wanted, LANGUAGES) or SOURCE
