"""The batch files of examples/projects: what each example burns."""

from __future__ import annotations

from pathlib import Path

import pytest

from alink_factory.batch import batch_file

PROJECTS = Path(__file__).resolve().parents[3] / "examples" / "projects"
FOLDERS = sorted(path.parent for path in PROJECTS.glob("*/batch.toml"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_example_has_all_parts_of_a_project(folder: Path):
    batch = batch_file.load(folder / "batch.toml")
    assert (folder / "firmware" / "main.py").is_file()
    assert batch.app_folder == folder / "firmware"
    assert (folder / f"test_{folder.name}.py").is_file()
    for name in ("README.md", "README.zh-CN.md"):
        assert "batch.toml" in (folder / name).read_text(encoding="utf-8")


def test_every_project_is_checked():
    assert len(FOLDERS) >= 3
    assert {path for path in PROJECTS.iterdir() if path.is_dir()} == set(FOLDERS)
