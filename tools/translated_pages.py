"""Find translated pages that have fallen behind their English source; renew their marks.

The first line of a translated page names its source and the first digits of the source's SHA-256:

    <!-- translation of docs/tutorial/ten-minutes.md, 0123456789ab -->

`python tools/translated_pages.py` prints a sentence for each page that differs, and exits with 1.
After the words of a page are translated, `python tools/translated_pages.py renew PAGE` copies the
code blocks of the source into it and writes the new mark. `make translations` renews all pages.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LANGUAGES = ("zh-CN",)
_MARK = re.compile(r"\A<!-- translation of (\S+), ([0-9a-f]{12}) -->\n")
_BLOCK = re.compile(r"^(?P<fence>`{3,})(?P<info>.*?)$.*?^(?P=fence) *$", re.MULTILINE | re.DOTALL)


def pages(root: Path) -> list[Path]:
    """Return the translated pages of a checkout."""
    found: list[Path] = []
    for language in LANGUAGES:
        found += root.glob(f"*.{language}.md")
        found += root.glob(f"docs/{language}/**/*.md")
        found += root.glob(f"examples/**/*.{language}.md")
    return sorted(found)


def outdated(root: Path) -> Iterator[str]:
    """Yield a sentence for each translated page that does not match its source."""
    for page in pages(root):
        name = page.relative_to(root).as_posix()
        text = page.read_text(encoding="utf-8")
        mark = _MARK.match(text)
        if not mark:
            yield f"{name}: the first line has to be <!-- translation of SOURCE, 000000000000 -->"
        elif not (root / mark[1]).is_file():
            yield f"{name}: its source {mark[1]} does not exist"
        else:
            source = (root / mark[1]).read_text(encoding="utf-8")
            if _digest(source) != mark[2]:
                yield (
                    f"{name}: {mark[1]} has changed; translate the change, "
                    f"then run python tools/translated_pages.py renew {name}"
                )
            elif _code(source) != _code(text):
                yield f"{name}: its code blocks differ from those of {mark[1]}: renew it"


def renew(root: Path, page: Path) -> None:
    """Copy the code blocks of the source into a translated page and write its new mark.

    Raises ValueError if the page has no mark, or another number of code blocks than its source.
    """
    text = page.read_text(encoding="utf-8")
    if not (mark := _MARK.match(text)):
        raise ValueError(f"{page}: the first line is not <!-- translation of SOURCE, DIGEST -->")
    source = (root / mark[1]).read_text(encoding="utf-8")
    blocks = _code(source)
    if len(blocks) != (count := len(_code(text))):
        raise ValueError(f"{page}: {count} code blocks, {mark[1]} has {len(blocks)}")
    in_order = iter(blocks)
    text = _BLOCK.sub(lambda one: next(in_order) if _is_code(one) else one[0], text)
    line = f"<!-- translation of {mark[1]}, {_digest(source)} -->\n"
    page.write_text(line + text[mark.end() :], encoding="utf-8")


def _code(text: str) -> list[str]:
    return [found[0] for found in _BLOCK.finditer(text) if _is_code(found)]


def _is_code(block: re.Match[str]) -> bool:
    """Whether a block is the same in every language; a table of contents has captions."""
    return not block["info"].startswith("{toctree}")


def _digest(source: str) -> str:
    return hashlib.sha256(source.encode()).hexdigest()[:12]


def main(arguments: Sequence[str] | None = None, *, root: Path = ROOT) -> int:
    """Check or renew; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("action", nargs="?", choices=("check", "renew"), default="check")
    parser.add_argument("pages", nargs="*", type=Path, help="renew only these pages")
    chosen = parser.parse_args(arguments)
    if chosen.action == "renew":
        try:
            for page in chosen.pages or pages(root):
                renew(root, page)
        except (OSError, ValueError) as error:
            print(f"translated_pages: {error}", file=sys.stderr)
            return 1
    found = list(outdated(root))
    for one in found:
        print(one)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
