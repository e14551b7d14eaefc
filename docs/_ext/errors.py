"""Write the catalog of messages as MyST Markdown: each message with its cause and its cure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

import alink_texts
from alink_sim.platform.state.refusal import Code
from docs._ext.messages import Message, messages

_CATALOG = Path(__file__).with_suffix(".toml")
_FIELD = re.compile(r"\{\d(?::t)?\}")
_WORDS = {
    "en": {
        "cause": "Cause:",
        "cure": "What to do:",
        "head": "| message | error | what the message adds |",
        "codes": "| code | cause | what to do |",
        "log": "log line",
    },
    "zh-CN": {
        "cause": "原因：",
        "cure": "处理方法：",
        "head": "| 消息 | 错误类 | 补充说明 |",
        "codes": "| 状态码 | 原因 | 处理方法 |",
        "log": "日志",
    },
}


@dataclass(frozen=True)
class Group:
    """The messages of some modules, which share cause and cure; the texts are by language."""

    part: str
    modules: tuple[str, ...]
    title: dict[str, str]
    cause: dict[str, str]
    cure: dict[str, str]

    def has(self, module: str) -> bool:
        """Tell whether a module is one of this group."""
        return any(fnmatch(module, pattern) for pattern in self.modules)


@cache
def groups() -> tuple[Group, ...]:
    """Return the groups of errors.toml in their order."""
    tables = tomllib.loads(_CATALOG.read_text(encoding="utf-8"))["group"]
    return tuple(Group(**{**one, "modules": tuple(one["modules"])}) for one in tables)


@cache
def codes() -> dict[str, dict[str, dict[str, str]]]:
    """Return cause and cure of each code of the platform, by its name."""
    found: dict[str, dict[str, dict[str, str]]] = tomllib.loads(
        _CATALOG.read_text(encoding="utf-8")
    )["code"]
    return found


def group_of(one: Message, part: str) -> Group | None:
    """Return the first group that has the module of a message."""
    return next((g for g in groups() if g.part == part and g.has(one.module)), None)


def describe(part: str, language: str) -> str:
    """Return the groups of "device", "platform" or "line", or the table of "codes"."""
    words = _WORDS[language]
    if part == "codes":
        return "\n".join(_codes(language)) + "\n"
    found = messages(part)
    lines: list[str] = []
    for group in groups():
        mine = [one for one in found if group_of(one, part) is group]
        if not mine:
            continue
        lines += [f"### {group.title[language]}", ""]
        lines += [f"{words['cause']} {group.cause[language]}", ""]
        lines += [f"{words['cure']} {group.cure[language]}", ""]
        lines += [words["head"], "|---|---|---|"]
        lines += [_row(one, language) for one in mine]
        lines.append("")
    return "\n".join(lines) + "\n"


def _codes(language: str) -> Iterator[str]:
    yield _WORDS[language]["codes"]
    yield "|---|---|---|"
    for code in Code:
        entry = codes()[code.name]
        yield f"| {code.value} | {entry['cause'][language]} | {entry['cure'][language]} |"


def _row(one: Message, language: str) -> str:
    shown = [_literal(one.text)]
    if translated := _translations(language).get(one.text):
        shown.append(_escaped(translated))
    error = f"`{one.error.lstrip('_')}`" if one.error else _WORDS[language]["log"]
    if one.code:
        error += f" {Code[one.code].value}"
    return f"| {'<br>'.join(shown)} | {error} | {_bar(_advice(one, language))} |"


def _advice(one: Message, language: str) -> str:
    return _translations(language).get(one.advice, one.advice)


def _literal(text: str) -> str:
    """Return a text as a code span in a cell of a table."""
    fence = "``" if "`" in text else "`"
    pad = " " if "`" in text else ""
    return _bar(f"{fence}{pad}{text}{pad}{fence}")


def _escaped(text: str) -> str:
    """Return a text that Markdown shows as it is, in a cell of a table."""
    return _bar(re.sub(r"[\\<*_\[{$]", r"\\\g<0>", text))


def _bar(text: str) -> str:
    return text.replace("|", "\\|")


@cache
def _translations(language: str) -> dict[str, str]:
    """Return the sentences of platform and line in a language, with "…" for their values."""
    found: dict[str, str] = {}
    for domain in () if language == "en" else ("platform", "line"):
        file = alink_texts.catalog_file(language.replace("-", "_"), domain)
        with file.open("rb") as opened:
            for one in read_po(opened):
                if one.id:
                    found[_FIELD.sub("…", str(one.id))] = _FIELD.sub("…", str(one.string))
    return found
