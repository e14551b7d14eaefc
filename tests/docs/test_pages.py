"""Every command and every code block of the tutorials and how-to guides runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.blocks import blocks_of, matches
from tests.docs.reader import PageError, Reader

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(
    page
    for page in (ROOT / "README.md", *DOCS.glob("tutorial/*.md"), *DOCS.glob("how-to/*.md"))
    if blocks_of(page)
)
NOT_RUN = 26  # Real hardware, the live platform, fragments: each names its reason.


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_block_of_page_runs(page, tmp_path, request):
    with Reader(
        tmp_path / "page",
        platform=lambda: request.getfixturevalue("iot_platform"),
        flash=lambda: request.getfixturevalue("factory_flash"),
    ) as reader:
        (tmp_path / "page").mkdir()
        for block in blocks_of(page):
            reader.do(block)


def test_blocks_that_do_not_run_are_counted(record_property):
    skipped = [
        f"{page.name}:{block.line}: {block.argument}"
        for page in PAGES
        for block in blocks_of(page)
        if block.way == "not-run"
    ]
    record_property("counted", f"{len(skipped)} blocks of the documentation do not run")
    assert len(skipped) == NOT_RUN, "\n".join(skipped)
    assert [one for one in skipped if one.endswith(": ")] == []


@pytest.fixture
def reader(tmp_path):
    with Reader(tmp_path, platform=pytest.fail, flash=pytest.fail) as one:
        yield one


def do(reader, tmp_path, text):
    page = tmp_path / "page.md"
    page.write_text(text)
    for block in blocks_of(page):
        reader.do(block)


def test_failing_command_fails_the_page(reader, tmp_path):
    with pytest.raises(PageError, match="line 3: exit code 1"):
        do(reader, tmp_path, "# Page\n\n```sh\nfalse\n```\n")


def test_output_that_differs_fails_the_page(reader, tmp_path):
    with pytest.raises(PageError, match="line 4: not in the output"):
        do(reader, tmp_path, "```sh\necho one\n```\n```text\ntwo\n```\n")


def test_unmarked_program_fails_the_page(reader, tmp_path):
    with pytest.raises(PageError, match="mark this python block"):
        do(reader, tmp_path, "```python\nprint()\n```\n")


def test_block_without_reason_fails_the_page(reader, tmp_path):
    with pytest.raises(PageError, match="without a reason"):
        do(reader, tmp_path, "<!-- not-run: -->\n```sh\nfalse\n```\n")


def test_mark_without_block_is_reported(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("<!-- not-run: a reason -->\n\n```sh\ntrue\n```\n")
    with pytest.raises(ValueError, match=r"page\.md:1: no code block on the next line"):
        blocks_of(page)


def test_dots_stand_for_any_text():
    assert matches("one ... three", "zero\none two three\n")
    assert not matches("one ... four", "zero\none two three\n")
    assert matches("one\n...\ntwo", "one\ntwo\n")
