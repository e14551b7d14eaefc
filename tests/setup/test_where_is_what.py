"""A newcomer gets from the README to the code in two hops: README, where-is-what.md, function."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = "docs/explanation/where-is-what.md"
ROW = re.compile(r"^\| (Where .+\?) \| `([^`]+)` \| `([^`]+)` \|$", re.MULTILINE)
COMMON = {"where", "does", "decide", "board", "when", "with", "that", "after", "alink"}


@dataclass(frozen=True)
class Route:
    """A row of the page."""

    question: str
    file: str
    function: str

    def __str__(self):
        return self.question


def routes():
    return [Route(*row) for row in ROW.findall((ROOT / PAGE).read_text(encoding="utf-8"))]


def definitions(tree, prefix=""):
    """Return the dotted names of all functions and classes of a module."""
    found = set()
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found |= {prefix + node.name} | definitions(node, f"{prefix}{node.name}.")
    return found


def words(text):
    """Return the words of a text or of a path in lower case, without common ones."""
    parts = re.findall(r"[A-Z]?[a-z]+|[A-Z]+", text)
    return {part.lower() for part in parts if len(part) > 2} - COMMON


def test_readme_links_where_is_what():
    assert f"]({PAGE})" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_row_is_a_route():
    table = (ROOT / PAGE).read_text(encoding="utf-8").partition("|---|---|---|\n")[2]
    assert len(routes()) == len(table.strip().splitlines()) >= 10


@pytest.mark.parametrize("route", routes(), ids=str)
def test_readme_names_the_folder(route):
    folder = route.file.partition("/")[0]
    assert f"| `{folder}/` |" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("route", routes(), ids=str)
def test_named_function_exists(route):
    tree = ast.parse((ROOT / route.file).read_text(encoding="utf-8"))
    assert route.function in definitions(tree)


@pytest.mark.parametrize("route", routes(), ids=str)
def test_question_word_is_in_the_names(route):
    room_and_file = "/".join(route.file.split("/")[-2:])
    names = words(room_and_file) | words(route.function)
    asked = words(route.question)
    assert {(a, n) for a in asked for n in names if a.startswith(n[:4]) or n.startswith(a[:4])}
