"""The language of the operator: an English text in, the text to show out.

The code writes English; a text becomes another language where it is shown. JSON, the ledger and
the names of things stay English. `tools/alink_texts/zh_CN.line.po` has the translations.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from alink_factory.errors import BatchError

if TYPE_CHECKING:
    from alink_texts.sentences import Sentences

ENGLISH, CHINESE = "en", "zh_CN"
_VARIABLES = ("ALINK_LANG", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
_SENTENCE, _CLAUSE = re.compile(r"(?<=\.) "), re.compile(r"(?<=[:;]) ")
_IN_FILE = re.compile(r"(\S+\.(?:toml|csv|json|bin|py|db)(?: line \d+)?): (.+)")
_COUNT = re.compile(r"(\d+) (\w+)")
_COLON = "\uff1a"
_chosen = ENGLISH


def use(language: str) -> None:
    """Show texts in ENGLISH or CHINESE from now on."""
    global _chosen  # noqa: PLW0603  one operator, one language
    _chosen = language


def chosen() -> str:
    """Return the language in use."""
    return _chosen


def of_arguments(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """Return the language that `--lang` or the environment asks for. Raises BatchError.

    The option may stand anywhere. Of the variables, the first one that is set counts.
    """
    for at, word in enumerate(arguments):
        name, is_joined, value = word.partition("=")
        if name == "--lang":
            asked = value if is_joined else "".join(arguments[at + 1 : at + 2])
            if found := _language(asked):
                return found
            raise BatchError(f"--lang is {asked!r}: use en or zh")
    asked = next((environment[name] for name in _VARIABLES if environment.get(name)), "")
    return _language(asked) or ENGLISH


def without_option(arguments: Sequence[str]) -> list[str]:
    """Return the arguments without `--lang` and its value."""
    kept, is_value = [], False
    for word in arguments:
        if is_value:
            is_value = False
        elif word == "--lang":
            is_value = True
        elif not word.startswith("--lang="):
            kept.append(word)
    return kept


def text(english: str) -> str:
    """Return a text in the language in use; a text without a translation stays English."""
    if _chosen == ENGLISH or not english.strip():
        return english
    return "\n".join(map(_line, english.split("\n")))


def joined(sentences: Sequence[str]) -> str:
    """Return sentences as one text in the language in use."""
    return (" " if _chosen == ENGLISH else "").join(map(text, sentences))


def _line(english: str) -> str:
    words = english.strip()
    if made := _known(words):
        return english.replace(words, made)
    if words.endswith(".") and (made := _known(words[:-1])):
        return english.replace(words, f"{made}{_words()['.']}")
    # A sentence of the catalog may have a colon in it, so sentences come before their clauses.
    parts = _SENTENCE.split(words)
    if len(parts) == 1:
        parts = _CLAUSE.split(words)
    if len(parts) == 1:
        return english
    found = [_line(part) for part in parts]
    if found == parts:
        return english
    return "".join(f"{old} " if new == old else new for new, old in zip(found, parts, strict=True))


def _known(words: str) -> str:
    # The translation of a sentence, "" without one.
    from alink_texts.sentences import sentences  # noqa: PLC0415  English needs no catalog

    if words in _words():
        return _words()[words]
    counted = _COUNT.fullmatch(words)
    if counted and (made := _words().get(f"{{0}} {counted[2]}")):
        return made.replace("{0}", counted[1])
    catalog = sentences(_chosen, "line")
    in_file = _IN_FILE.match(words)
    if in_file and (made := _words().get(in_file[2]) or _translated(catalog, in_file[2])):
        return f"{in_file[1]}{_COLON}{made}"
    return _translated(catalog, words)


def _translated(catalog: Sentences, words: str) -> str:
    return catalog.translate(words) if catalog.parts(words) else ""


@cache
def _words() -> dict[str, str]:
    # Texts without values, however short they are.
    from alink_texts.sentences import texts  # noqa: PLC0415

    return texts(_chosen, "line")


def _language(asked: str) -> str:
    word = re.split(r"[_.@:-]", asked.lower())[0]
    return {"en": ENGLISH, "zh": CHINESE}.get(word, "")
