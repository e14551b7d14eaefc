"""Board definitions: a folder of boards/ in, its flash size and partition tables out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from alink_formats.partitions import PartitionError, PartitionTable


class BoardDefinitionError(ValueError):
    """A folder that does not describe a board; the text names the file and the fault."""


@dataclass(frozen=True)
class BoardDefinition:
    """A kind of board: MicroPython's name for it, esptool's for the chip, bytes of flash.

    `layouts` has its partition tables by layout: "factory" and "stock".
    """

    name: str
    chip: str
    flash_size: int
    layouts: dict[str, PartitionTable]

    def table(self, layout: str) -> PartitionTable:
        """Return the table of a layout. Raises BoardDefinitionError naming those there are."""
        if layout not in self.layouts:
            known = ", ".join(self.layouts)
            raise BoardDefinitionError(f"{self.name} has no layout {layout!r}; it has {known}")
        return self.layouts[layout]


def load(folder: Path) -> BoardDefinition:
    """Return the definition in `folder`. Raises BoardDefinitionError."""
    file = folder / "board.json"
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        size = int(content["flash_size"])
        layouts = {
            layout: _table(folder / name, size) for layout, name in content["layouts"].items()
        }
        return BoardDefinition(folder.name, str(content["chip"]), size, layouts)
    except OSError as error:
        raise BoardDefinitionError(
            f"{file}: {error.strerror}: name a folder of boards/"
        ) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, BoardDefinitionError):
            raise
        raise BoardDefinitionError(f"{file}: {error!r}") from error


def _table(file: Path, flash_size: int) -> PartitionTable:
    try:
        return PartitionTable.from_csv(file.read_text(encoding="utf-8"), flash_size=flash_size)
    except OSError as error:
        raise BoardDefinitionError(f"{file}: {error.strerror}") from error
    except PartitionError as error:
        raise BoardDefinitionError(f"{file}, {error}") from error
