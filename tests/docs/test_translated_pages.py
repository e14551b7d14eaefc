"""Translated pages follow their source, and the two languages link to each other."""

from __future__ import annotations

from pathlib import Path

import pytest

import translated_pages
from docs._ext import languages

ROOT = Path(__file__).resolve().parents[2]
_CONTENTS = (
    "```{{toctree}}\n:caption: {0}\nfirst\n```\n\n```{{toctree}}\n:caption: {0}\nsecond\n```\n\n"
)
SOURCE = _CONTENTS.format("More") + (
    "# Title\n\nWords.\n\n```sh\ntrue\n```\n\n````md\n```sh\n```\n````\n"
)
TRANSLATED = (
    "<!-- translation of page.md, {mark} -->\n"
    + _CONTENTS.format("更多").replace("{", "{{").replace("}", "}}")
    + "# 标题\n\n文字。\n\n```\n```\n\n````\n````\n"
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a folder with a page and its translation, which follows it."""
    (tmp_path / "page.md").write_text(SOURCE, encoding="utf-8")
    text = TRANSLATED.format(mark="0" * 12)
    (tmp_path / "page.zh-CN.md").write_text(text, encoding="utf-8")
    assert translated_pages.main(["renew"], root=tmp_path) == 0
    return tmp_path


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_translated_pages_follow_their_source():
    assert list(translated_pages.outdated(ROOT)) == []


def test_every_tutorial_and_guide_is_translated():
    names = {page.relative_to(ROOT).as_posix() for page in translated_pages.pages(ROOT)}
    wanted = {
        f"docs/zh-CN/{folder}/{page.name}"
        for folder in ("tutorial", "how-to")
        for page in ROOT.glob(f"docs/{folder}/*.md")
    }
    wanted |= {"README.zh-CN.md", "docs/zh-CN/index.md", "docs/zh-CN/glossary.md"}
    assert wanted - names == set()


def test_renewed_page_has_the_code_of_its_source(checkout: Path):
    text = (checkout / "page.zh-CN.md").read_text(encoding="utf-8")
    assert "```sh\ntrue\n```" in text
    assert "````md\n```sh\n```\n````" in text
    assert "文字。" in text
    assert text.count(":caption: 更多") == 2


def test_page_behind_its_source_is_found(checkout: Path, capsys: pytest.CaptureFixture[str]):
    edit(checkout / "page.md", "Words.", "Other words.")
    assert translated_pages.main([], root=checkout) == 1
    assert "page.md has changed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("true", "false", "code blocks differ"),
        ("translation of page.md", "translation of gone.md", "gone.md does not exist"),
        ("<!-- translation of page.md", "<!-- page.md", "the first line has to be"),
    ],
)
def test_spoiled_translation_is_found(checkout: Path, old: str, new: str, said: str):
    edit(checkout / "page.zh-CN.md", old, new)
    (found,) = translated_pages.outdated(checkout)
    assert said in found


def test_other_number_of_code_blocks_is_not_renewed(
    checkout: Path, capsys: pytest.CaptureFixture[str]
):
    edit(checkout / "page.zh-CN.md", "```sh\ntrue\n```\n", "")
    assert translated_pages.main(["renew"], root=checkout) == 1
    assert "1 code blocks, page.md has 2" in capsys.readouterr().err


def test_pages_of_both_languages_are_linked():
    known = {"index", "zh-CN/index", "tutorial/a", "zh-CN/tutorial/a", "reference/b"}
    text = "<!-- mark -->\n# Title\n\nWords.\n# Not a title\n"
    english = languages.with_links(text, "tutorial/a", known)
    assert english.startswith("<!-- mark -->\n# Title\n\n[简体中文](/zh-CN/tutorial/a.md)\n")
    assert english.endswith("\n\nWords.\n# Not a title\n")
    assert "[English](/tutorial/a.md)" in languages.with_links(text, "zh-CN/tutorial/a", known)
    assert languages.with_links(text, "reference/b", known) == text
