"""Board definitions: a folder of boards/ in, flash sizes and partition tables out."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from alink_formats import tables
from alink_formats.partitions import PartitionError, PartitionTable
from alink_formats.tables import Table, TableError

_Size = Annotated[str, tables.matching(r"(1|2|4|8|16|32|64|128)MB", "4MB, 8MB or 16MB")]


class BoardDefinitionError(ValueError):
    """The folder does not describe a board; the text names the file and the mistake."""


@dataclass(frozen=True)
class BoardDefinition:
    """A kind of board: MicroPython's name for it, esptool's name for the chip, bytes of flash.

    `flash_sizes` are the sizes its modules come with, in bytes; the tables are for `flash_size`,
    and `fitted` returns them for another size. `firmware_offset` is the offset in flash of a
    published image, `baud` the bits a second for burning. `layouts` has the partition tables of
    the layouts "factory" and "stock". `variant` is that of MicroPython's build, or "".
    """

    name: str
    chip: str
    flash_size: int
    flash_sizes: tuple[int, ...]
    firmware_offset: int
    baud: int
    layouts: dict[str, PartitionTable]
    variant: str = ""

    def table(self, layout: str) -> PartitionTable:
        """Return the table of a layout. Raises BoardDefinitionError for an unknown one."""
        if layout not in self.layouts:
            known = ", ".join(self.layouts)
            raise BoardDefinitionError(f"{self.name} has no layout {layout!r}; it has {known}")
        return self.layouts[layout]

    def fitted(self, flash_size: int) -> BoardDefinition:
        """Return the definition for `flash_size` bytes of flash: the vfs takes the rest of it.

        Raises BoardDefinitionError with the known sizes.
        """
        if flash_size not in self.flash_sizes:
            known = ", ".join(size_name(size) for size in self.flash_sizes)
            raise BoardDefinitionError(
                f"{self.name} comes with {known} of flash, this one has {size_name(flash_size)}: "
                "use the folder of boards/ for this flash"
            )
        layouts = {name: table.grown(flash_size) for name, table in self.layouts.items()}
        return replace(self, flash_size=flash_size, layouts=layouts)


class _File(Table):
    chip: Literal["esp32", "esp32s2", "esp32s3", "esp32c3", "esp32c6"]
    flash_sizes: Annotated[list[_Size], Field(min_length=1)]
    firmware_offset: Annotated[str, tables.matching(r"0x[0-9a-fA-F]+", "hex, as in 0x1000")]
    baud: Annotated[int, tables.within(1, 4_000_000)]
    layouts: dict[str, str]
    variant: Annotated[str, tables.matching(r"\w*", "a name, as in OTA")] = ""


def size_name(size: int) -> str:
    """Return a size of flash as esptool writes it: 4194304 → "4MB"."""
    return f"{size >> 20}MB" if size and size % (1 << 20) == 0 else f"{size} bytes"


def load(folder: Path) -> BoardDefinition:
    """Return the definition in `folder`, for its smallest flash. Raises BoardDefinitionError."""
    file = folder / "board.json"
    try:
        content = tables.check(_File, json.loads(file.read_text(encoding="utf-8-sig")))
    except OSError as error:
        names = sorted(one.parent.name for one in folder.parent.glob("*/board.json"))
        there = f": {tables.nearest(folder.name, names)}" if names else ""
        raise BoardDefinitionError(
            f"{file}: {error.strerror}: name a folder of boards/{there}"
        ) from error
    except TableError as error:
        raise BoardDefinitionError(
            "\n".join(f"{file}: {one}" for one in error.messages)
        ) from error
    except ValueError as error:
        raise BoardDefinitionError(f"{file}: {error}") from error
    sizes = tuple(sorted(int(text.removesuffix("MB")) << 20 for text in content.flash_sizes))
    return BoardDefinition(
        name=folder.name,
        chip=content.chip,
        flash_size=sizes[0],
        flash_sizes=sizes,
        firmware_offset=int(content.firmware_offset, 16),
        baud=content.baud,
        layouts={
            layout: _table(folder / name, sizes[0]) for layout, name in content.layouts.items()
        },
        variant=content.variant,
    )


def _table(file: Path, flash_size: int) -> PartitionTable:
    try:
        return PartitionTable.from_csv(file.read_text(encoding="utf-8-sig"), flash_size=flash_size)
    except OSError as error:
        raise BoardDefinitionError(f"{file}: {error.strerror}") from error
    except PartitionError as error:
        raise BoardDefinitionError(f"{file}, {error}") from error
