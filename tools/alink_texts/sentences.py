"""Sentences with values in them: an English text in, its translation in parts out.

The code writes `f"up to {most} go"`, and what it writes travels as one text: over the wire, into a
log, into an exception. So a reader in another language looks for the sentence in a catalog, whose
key is "up to {0} go", and takes the values out of the text. A value is never taken for words of
the language: each part says which of the two it is, so that a page can escape and isolate values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from babel.messages.pofile import read_po

from alink_texts import SOURCE, catalog_file

_LONGEST = 2048  # Characters; a longer text stays as it is.
_DEPTH = 4  # Sentences in a sentence in a sentence.
_VAGUE = 6  # Letters; a sentence with fewer, "{0} or {1}", counts only inside another.
_CODE = re.compile(r"[\w.]+")
_FIELD = re.compile(r"\{(\d)(:t)?\}")
_JOINTS = ((": ", "："), ("; ", "；"))


@dataclass(frozen=True)
class Part:
    """A piece of a translated sentence: a value as it was, or words of the language."""

    text: str
    is_value: bool


class Sentences:
    """The sentences of one language, found by their English text."""

    def __init__(self, catalog: Mapping[str, str]) -> None:
        """`catalog`: English sentences and their translations.

        Both have {0}, {1} and so on for the values; {0:t} in a translation is translated too.
        """
        made = (_Pattern(english, translated) for english, translated in catalog.items())
        # The pattern with most words first: "{0} is {1}" would fit almost every text.
        self._patterns = sorted(made, key=lambda one: -one.weight)
        self._parts = lru_cache(maxsize=2048)(self._parts_of)

    def parts(self, text: str) -> Sequence[Part] | None:
        """Return a text's translation, None where the catalog lacks it."""
        return self._parts(text, _DEPTH) if self._patterns and len(text) <= _LONGEST else None

    def translate(self, text: str) -> str:
        """Return a text's translation as one text, the text itself where the catalog lacks it."""
        parts = self.parts(text)
        return text if parts is None else "".join(part.text for part in parts)

    def _parts_of(self, text: str, depth: int) -> tuple[Part, ...] | None:
        if not depth:
            return None
        if found := self._behind_a_code(text, depth):
            return found
        for pattern in self._patterns:
            if pattern.weight < _VAGUE and depth == _DEPTH:
                break
            if (values := pattern.values_in(text)) is not None:
                return tuple(self._filled(pattern, values, depth))
        return self._joined(text, depth) or self._behind_a_word(text, depth)

    def _filled(self, pattern: _Pattern, values: Sequence[str], depth: int) -> Iterator[Part]:
        for piece in pattern.pieces:
            if isinstance(piece, str):
                yield Part(piece, is_value=False)
                continue
            number, is_sentence = piece
            found = self._parts_of(values[number], depth - 1) if is_sentence else None
            yield from found or (Part(values[number], is_value=True),)

    def _behind_a_code(self, text: str, depth: int) -> tuple[Part, ...] | None:
        """Translate "409: sentence", "iot.device.Name: sentence"."""
        code, joint, rest = text.partition(": ")
        if not joint or not _CODE.fullmatch(code):
            return None
        found = self._parts_of(rest, depth - 1)
        return (Part(f"{code}: ", is_value=True), *found) if found else None

    def _joined(self, text: str, depth: int) -> tuple[Part, ...] | None:
        """Translate "topic: sentence", "sentence: value" and "sentence; sentence"."""
        for joint, translated in _JOINTS:
            head, found, tail = text.partition(joint)
            if not found:
                continue
            first, second = (self._parts_of(one, depth - 1) for one in (head, tail))
            if first or second:
                return (
                    *(first or (Part(head, is_value=True),)),
                    Part(translated, is_value=False),
                    *(second or (Part(tail, is_value=True),)),
                )
        return None

    def _behind_a_word(self, text: str, depth: int) -> tuple[Part, ...] | None:
        """Translate "6306 sentence", "temperature sentence"."""
        word, blank, rest = text.partition(" ")
        found = self._parts_of(rest, depth - 1) if blank else None
        return (Part(word + blank, is_value=True), *found) if found else None


class _Pattern:
    """One sentence: the words between its values, and the pieces of its translation."""

    def __init__(self, english: str, translated: str) -> None:
        self._words = _FIELD.sub("\0", english).split("\0")
        self.weight = sum(map(len, self._words))
        self.pieces = tuple(_pieces(translated))

    def values_in(self, text: str) -> list[str] | None:
        """Return the values of a text that has these words, None for another text."""
        first, last = self._words[0], self._words[-1]
        if len(self._words) == 1:
            return [] if text == first else None
        end = len(text) - len(last)
        if len(text) < self.weight or not text.startswith(first) or not text.endswith(last):
            return None
        values, start = [], len(first)
        for words in self._words[1:-1]:
            at = text.find(words, start, end)
            if at < 0:
                return None
            values.append(text[start:at])
            start = at + len(words)
        return [*values, text[start:end]]


def _pieces(translated: str) -> Iterator[str | tuple[int, bool]]:
    end = 0
    for field in _FIELD.finditer(translated):
        if words := translated[end : field.start()]:
            yield words
        yield int(field[1]), bool(field[2])
        end = field.end()
    if words := translated[end:]:
        yield words


@cache
def sentences(language: str, domain: str = "platform") -> Sentences:
    """Return what the platform or the line says in one of `LANGUAGES`."""
    return Sentences(texts(language, domain))


@cache
def texts(language: str, domain: str) -> dict[str, str]:
    """Return the English sentences of a domain and their translations."""
    return dict(_entries(language, domain))


def _entries(language: str, domain: str) -> Iterable[tuple[str, str]]:
    if language == SOURCE:
        return ()
    with catalog_file(language, domain).open("rb") as file:
        return [(str(one.id), str(one.string)) for one in read_po(file) if one.id]
