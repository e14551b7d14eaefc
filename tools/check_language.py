"""Find the phrases of tools/language.toml in what people read, and spelling that is not American.

It reads Markdown, docstrings, comments, messages (string literals of three words or more) and the
names of tests. `python tools/check_language.py [PATH ...]` prints `file:line: sentence: advice`
for each finding and exits with 1.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RULES = ROOT / "tools" / "language.toml"
KINDS = frozenset({"prose", "docstring", "comment", "message", "test"})
SHORTEST_NAME, LONGEST_NAME = 3, 8
# The tests of this check quote bad text.
EXEMPT = frozenset({Path("tests/setup/test_language.py")})

_FENCE = re.compile(r"^ *(```|~~~).*?^ *\1[^\n]*$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
_WORDS = re.compile(r"[A-Za-z]{2,}")
_ENDS = re.compile(r"[.!?](?=\s|$)|\n\s*\n|\|")
_PRAGMA = re.compile(r"^(?:type: ignore|noqa|fmt:|pragma:|!)")


@dataclass(frozen=True)
class Rule:
    """A pattern, the kinds of text it applies to, and what to write instead."""

    find: re.Pattern[str]
    instead: str
    kinds: frozenset[str]
    bad: tuple[str, ...]
    plain: tuple[str, ...]


@dataclass(frozen=True)
class Text:
    """A piece of text that people read, and the line on which it starts, from 1."""

    path: Path
    line: int
    kind: str
    words: str


@dataclass(frozen=True, order=True)
class Finding:
    """A sentence to rewrite, and how."""

    path: Path
    line: int
    sentence: str
    instead: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.sentence}: {self.instead}"


def read_rules(path: Path = RULES) -> list[Rule]:
    """Return the rules of a TOML file; raise ValueError for a kind that does not exist."""
    rules = []
    for table in tomllib.loads(path.read_text(encoding="utf-8"))["rules"]:
        kinds = frozenset(table.get("kinds", KINDS))
        if unknown := kinds - KINDS:
            raise ValueError(f"unknown kinds {sorted(unknown)}; known are {sorted(KINDS)}")
        rules.append(
            Rule(
                find=re.compile(table["find"].replace(" ", r"\s+"), re.IGNORECASE | re.MULTILINE),
                instead=table["instead"],
                kinds=kinds,
                bad=tuple(table["bad"]),
                plain=tuple(table["plain"]),
            )
        )
    return rules


def markdown_texts(path: Path, source: str) -> Iterator[Text]:
    """Yield the paragraphs of a Markdown file; fenced blocks stay out."""
    blanked = _FENCE.sub(lambda fence: "\n" * fence[0].count("\n"), source)
    line = 1
    for paragraph in re.split(r"(\n\s*\n)", blanked):
        if _WORDS.search(paragraph):
            yield Text(path, line, "prose", paragraph)
        line += paragraph.count("\n")


def python_texts(path: Path, source: str) -> Iterator[Text]:
    """Yield the comments, docstrings, messages and test names of a Python file."""
    yield from _comments(path, source)
    tree = ast.parse(source)
    docstrings = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if node.body and isinstance(first := node.body[0], ast.Expr):
                docstrings.add(first.value)
            if not isinstance(node, ast.Module) and node.name.startswith("test_"):
                yield Text(path, node.lineno, "test", node.name)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            kind = "docstring" if node in docstrings else "message"
            if kind == "docstring" or len(_WORDS.findall(node.value)) > 2:
                yield Text(path, node.lineno, kind, node.value)


def _comments(path: Path, source: str) -> Iterator[Text]:
    """Yield comments; those on lines that follow each other in one column are one text."""
    lines: list[str] = []
    start, last, column = 0, -1, -1
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        words = token.string.lstrip("#!:").strip()
        if lines and (token.start[0] != last + 1 or token.start[1] != column):
            yield Text(path, start, "comment", "\n".join(lines))
            lines = []
        if not lines:
            start, column = token.start
        lines.append("" if _PRAGMA.match(words) else words)
        last = token.start[0]
    if lines:
        yield Text(path, start, "comment", "\n".join(lines))


def phrase_findings(text: Text, rules: Iterable[Rule]) -> Iterator[Finding]:
    """Yield a finding for each match of a rule in a text; inline `code` is skipped."""
    if text.kind == "test":
        words = blanked = text.words.replace("_", " ")
    else:
        words = "\n".join(line.strip() for line in text.words.split("\n"))
        blanked = _CODE.sub(lambda code: re.sub(r"[^`\n]", "x", code[0]), words)
    for rule in rules:
        if text.kind in rule.kinds:
            for match in rule.find.finditer(blanked):
                line = text.line + words.count("\n", 0, match.start())
                sentence = text.words if text.kind == "test" else _sentence(words, match)
                yield Finding(text.path, line, sentence, rule.instead)


def _sentence(words: str, match: re.Match[str]) -> str:
    """Return the sentence around a match, on one line."""
    start = max((end.end() for end in _ENDS.finditer(words, 0, match.start())), default=0)
    end = _ENDS.search(words, match.end())
    return " ".join(words[start : end.end() if end else None].strip("|").split())


def name_findings(text: Text) -> Iterator[Finding]:
    """Yield a finding if the name of a test is not three to eight words long."""
    count = len(text.words.removeprefix("test_").split("_"))
    if text.kind == "test" and not SHORTEST_NAME <= count <= LONGEST_NAME:
        advice = f"{count} words; a test's name has {SHORTEST_NAME} to {LONGEST_NAME}"
        yield Finding(text.path, text.line, text.words, advice)


def spelling_findings(paths: Iterable[Path]) -> Iterator[Finding]:
    """Yield what codespell finds; pyproject.toml has its dictionaries and exceptions."""
    command = [sys.executable, "-m", "codespell_lib", *map(str, paths)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.stderr.strip():
        raise RuntimeError(f"codespell failed: {done.stderr.strip()}")
    for line in done.stdout.splitlines():
        name, number, words = line.split(":", 2)
        wrong, right = words.strip().split(" ==> ", 1)
        yield Finding(Path(name), int(number), wrong, f'"{right}"')


def find(paths: list[Path], rules: list[Rule]) -> list[Finding]:
    """Return all findings in files, sorted; paths are relative to the checkout."""
    found = list(spelling_findings(paths))
    for path in paths:
        source = (ROOT / path).read_text(encoding="utf-8")
        texts = markdown_texts if path.suffix == ".md" else python_texts
        for text in texts(path, source):
            found += phrase_findings(text, rules)
            found += name_findings(text)
    return sorted(found)


def tracked(names: Iterable[str] = ()) -> list[Path]:
    """Return the Markdown and Python files that git knows or would add."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *names]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    paths = {Path(line) for line in done.stdout.splitlines()} - EXEMPT
    return sorted({p for p in paths if p.suffix in {".md", ".py"} and (ROOT / p).is_file()})


def main() -> int:
    """Print the findings and return 1 if there are any."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("paths", nargs="*", help="check only these files and folders")
    found = find(tracked(parser.parse_args().paths), read_rules())
    for one in found:
        print(one)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
