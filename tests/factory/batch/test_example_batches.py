"""The batch files of examples/projects: what each example burns."""

from __future__ import annotations

from pathlib import Path

import pytest

from alink_factory.batch import batch_file

PROJECTS = Path(__file__).resolve().parents[3] / "examples" / "projects"
DOCS = PROJECTS.parents[1] / "docs"
INDEXES = [DOCS / folder / "start-from-an-example.md" for folder in ("how-to", "zh-CN/how-to")]
FOLDERS = sorted(path.parent for path in PROJECTS.glob("*/batch.toml"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_example_has_all_parts_of_a_project(folder: Path):
    batch = batch_file.load(folder / "batch.toml")
    assert (folder / "firmware" / "main.py").is_file()
    assert batch.app_folder == folder / "firmware"
    assert (folder / f"test_{folder.name}.py").is_file()
    for name, heap in (("README.md", "Heap: "), ("README.zh-CN.md", "堆：需要 ")):
        text = (folder / name).read_text(encoding="utf-8")
        assert "batch.toml" in text
        assert f"{heap}56,000 " in text or f"{heap}73,920 " in text


def test_every_project_is_checked():
    assert len(FOLDERS) >= 3
    assert {path for path in PROJECTS.iterdir() if path.is_dir()} == set(FOLDERS)
    for index in INDEXES:
        text = index.read_text(encoding="utf-8")
        assert {path.name for path in FOLDERS if f"| `{path.name}` |" not in text} == set()
