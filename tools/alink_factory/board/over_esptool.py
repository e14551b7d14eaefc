"""A board behind esptool: its flash is read and written as bytes."""

from __future__ import annotations

from alink_factory.batch.plan import Plan
from alink_factory.board import espefuse
from alink_factory.board.board import EfuseKey, Prepared, tools
from alink_factory.board.esptool import Chip, Esptool
from alink_factory.errors import BoardError
from alink_factory.image import flash_content
from alink_factory.image.flash_content import FlashContent
from alink_factory.image.recipe import Image, Recipe
from alink_formats.board import size_name
from alink_formats.identity import Identity, fingerprint


class EsptoolBoard:
    """Implements `Board`. `fresh` discards the credential, `full` writes unchanged regions too."""

    def __init__(self, esptool: Esptool, plan: Plan, *, fresh: bool, full: bool) -> None:
        self.mac = ""
        self.seen = ""
        self._esptool = esptool
        self._plan = plan
        self._fresh = fresh
        self._full = full
        self._recipe: Recipe
        self._content: FlashContent
        self._identity: Identity
        self._image: Image
        self._key: EfuseKey | None = None

    def look(self) -> set[tuple[str, str]]:
        """Read chip, table, NVS and identities; the vfs only if the identity lies there alone."""
        plan = self._plan
        head, tail = flash_content.ranges(plan.board)
        chip, head_bytes = self._esptool.read(head.offset, head.size)
        self.mac = chip.mac
        self.seen = " on ".join((tools("esptool"), f"{chip.kind}, {size_name(chip.flash_size)}"))
        check_chip(chip, plan)
        _, tail_bytes = self._esptool.read(tail.offset, tail.size)
        content = flash_content.decode(plan.board, head_bytes, tail_bytes, mac=chip.mac)
        self._recipe = plan.recipe(chip.flash_size)
        if content.has_files and "cred" not in content.nvs:
            # A stock board that lost its NVS keeps its registration and its name in the vfs alone.
            vfs = self._recipe.table.find("vfs")
            _, vfs_bytes = self._esptool.read(vfs.offset, vfs.size)
            content = flash_content.with_files(content, vfs_bytes)
        self._content = content
        return content.owners

    def prepare(self, identity: Identity, key: EfuseKey | None = None) -> Prepared:
        """Build the regions of flash and read them with our own reader."""
        recipe = self._recipe
        self._key = key
        self._identity = identity
        self._image = recipe.build(identity, self._content, fresh=self._fresh)
        firmware = recipe.firmware.sha256[:16] if recipe.firmware else "none"
        return Prepared(self._image.record, f"firmware {firmware}; {self.seen}")

    def write(self) -> tuple[str, ...]:
        """Write the regions whose MD5 differs; esptool compares each MD5 again afterwards.

        Then burn the key, unless the chip has it.
        """
        written = tuple(self._esptool.write(self._image.regions, full=self._full))
        if self._key and espefuse.ensure(self._esptool.efuses(), self._key):
            written += (f"BLOCK_KEY{self._key.block} with {fingerprint(self._key.secret)}",)
        return written

    def verify(self) -> None:
        """Decode the identity as the device does: an MD5 does not prove that it can."""
        recipe = self._recipe
        partition = recipe.table.find("fctry" if recipe.layout == "factory" else "nvs")
        _, data = self._esptool.read(partition.offset, partition.size)
        self._esptool.reset()
        if recipe.identity_in({partition.offset: data}) != self._identity:
            raise BoardError(
                "verified",
                f"the identity read back from {partition.name} differs from the one written",
                advice="Plug the board in again. If it fails again, scrap it.",
            )
        if self._key:
            espefuse.prove(self._esptool.repl(), self._key)

    def close(self) -> None:
        """Close the port."""
        self._esptool.close()


def check_chip(chip: Chip, plan: Plan) -> None:
    """Raise BoardError if the batch is not for this chip or this size of flash."""
    board = plan.board
    if chip.name != board.chip:
        raise BoardError(
            "identify",
            f"the chip is {chip.name}, but the batch is for {board.chip}",
            advice="Take the board out: it does not belong to this batch.",
            is_final=True,
        )
    if not chip.flash_size:
        raise BoardError(
            "identify",
            "the flash does not report its size: it is dead or not soldered",
            advice="Put the board aside for repair.",
            is_final=True,
        )
    if chip.flash_size not in board.flash_sizes:
        sizes = ", ".join(size_name(size) for size in board.flash_sizes)
        raise BoardError(
            "identify",
            f"the flash has {size_name(chip.flash_size)}, but {board.name} comes with {sizes}",
            advice="Take the board out: it does not belong to this batch.",
            is_final=True,
        )
