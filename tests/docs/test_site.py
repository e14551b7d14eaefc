"""The site builds without a warning and needs nothing from another host."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GENERATOR = ROOT / ".cache" / "docs"
REQUIRE = "ALINK_REQUIRE_DOCS"

# Resources that a browser fetches by itself, as opposed to links that a reader follows.
_FETCHED = re.compile(
    r'<(?:script|img|iframe)[^>]+src="(https?:[^"]+)|<link[^>]+href="(https?:[^"]+)'
)


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The built site; a missing generator is a skip, and a failure where CI asks for it."""
    if not (GENERATOR / "sphinx").is_dir():
        missing = "the documentation generator is not installed: run make docs once"
        if os.environ.get(REQUIRE):
            pytest.fail(missing)
        pytest.skip(reason=missing)
    folder: Path = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "--fail-on-warning", "--quiet", "docs", folder],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(GENERATOR)},
        capture_output=True,
        text=True,
        check=False,  # No limit but pytest's own: it computes all the time, and waits for nothing.
    )
    assert (done.returncode, done.stderr) == (0, "")
    return folder


def test_site_is_whole_and_links_its_languages(site):
    """One test: a second worker would build the site again."""
    assert not fetched(site)
    pages = [path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")]
    assert len(pages) > 10
    assert [page for page in pages if not (site / page.with_suffix(".html")).is_file()] == []
    for page, language, link in (
        ("tutorial/ten-minutes", "en", "../zh-CN/tutorial/ten-minutes.html"),
        ("zh-CN/tutorial/ten-minutes", "zh-CN", "../../tutorial/ten-minutes.html"),
        ("reference/protocol", "en", ""),
    ):
        text = (site / page).with_suffix(".html").read_text("utf-8")
        assert f'lang="{language}"' in text
        article = text.partition("<article")[2].partition("<h2")[0]
        assert f'href="{link}"' in article if link else "简体中文" not in article


def fetched(site: Path) -> set[str]:
    """Return what the pages load from other hosts."""
    return {
        found.group(1) or found.group(2)
        for page in site.rglob("*.html")
        for found in _FETCHED.finditer(page.read_text("utf-8"))
    }
