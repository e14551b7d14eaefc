"""Write a new firmware project: the files in `template`, and the stub of its thing model."""

from __future__ import annotations

from pathlib import Path

from alink_sim import thing_model

_TEMPLATE = Path(__file__).parent / "template"
_SUFFIX = ".txt"  # Of each file there: no tool of this repository takes it for source.
# The other names are those of the template.
_NAMES = {
    "github/workflow.yml": ".github/workflows/firmware.yml",
    "vscode/settings.json": ".vscode/settings.json",
    "gitignore": ".gitignore",
}


class ProjectError(Exception):
    """The project cannot be written; the text says what to change."""


def write(folder: Path) -> list[Path]:
    """Write the project into a new or empty folder; return its files. Raises ProjectError."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ProjectError(f"{folder} exists and is not empty: name a new folder")
    written = []
    for source in sorted(_TEMPLATE.rglob(f"*{_SUFFIX}")):
        name = source.relative_to(_TEMPLATE).as_posix().removesuffix(_SUFFIX)
        target = folder / _NAMES.get(name, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
        written.append(target)
    stub = folder / "typings" / "alink" / "thing.pyi"
    stub.parent.mkdir(parents=True)
    stub.write_text(
        thing_model.stub(thing_model.read(folder / "firmware" / "thing.json")), "utf-8"
    )
    return [*written, stub]
