"""A message about a missing file names the files beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from alink_sim.cli import app
from alink_sim.nearby import beside
from alink_sim.platform.toml_or_json import load
from alink_sim.workbench.application import Application, ApplicationError
from alink_sim.workbench.command import _model


def files(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_text("{}", encoding="utf-8")


def test_missing_file_names_files_of_its_kind(tmp_path: Path):
    files(tmp_path, "thing.json", "other.json", "world.toml", ".hidden.json")
    (tmp_path / "folder.json").mkdir()
    assert beside(tmp_path / "things.json") == "; beside it: other.json, thing.json"


def test_missing_folder_names_folders(tmp_path: Path):
    files(tmp_path, "app.txt")
    (tmp_path / "firmware").mkdir()
    assert beside(tmp_path / "app") == "; beside it: firmware"


def test_long_list_of_files_is_cut(tmp_path: Path):
    files(tmp_path, *(f"{number}.toml" for number in range(9)))
    assert beside(tmp_path / "x.toml").endswith("6.toml, 7.toml, …")


@pytest.mark.parametrize("name", ["there.json", "x.csv", "no/where.json"])
def test_nothing_to_name_adds_nothing(tmp_path: Path, name: str):
    files(tmp_path, "there.json")
    assert beside(tmp_path / name) == ""


def test_configuration_file_names_its_neighbors(tmp_path: Path):
    files(tmp_path, "world.toml")
    with pytest.raises(
        ValueError, match=r"worlds\.toml cannot be read: .*; beside it: world\.toml"
    ):
        load(tmp_path / "worlds.toml", ValueError)


def test_board_run_names_thing_models(tmp_path: Path):
    files(tmp_path, "main.py", "thing.json")
    with pytest.raises(ApplicationError, match=r"things\.json cannot be read: .*: thing\.json"):
        _model(tmp_path / "things.json", Application(tmp_path))


@pytest.mark.parametrize("verb", ["check", "stub", "compile"])
def test_thing_command_names_thing_models(tmp_path: Path, verb: str):
    files(tmp_path, "thing.json")
    refused = CliRunner().invoke(app, ["thing", verb, str(tmp_path / "things.json")])
    assert refused.exit_code == 2
    assert refused.output.rstrip().endswith("; beside it: thing.json")
