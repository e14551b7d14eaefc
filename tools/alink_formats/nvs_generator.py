"""Espressif's NVS generator as a program: identity records in, an image of NVS out."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from alink_formats.errors import ToolchainError

NAMESPACE = "alink"  # docs/explanation/identity.md, "Copies"


def generate(records: Mapping[str, bytes], *, size: int) -> bytes:
    """Return the image of `size` bytes with each record as a blob of namespace `alink`, by key.

    A private temporary folder holds the records on the way. Raises ToolchainError if the generator
    fails.
    """
    with tempfile.TemporaryDirectory(prefix="alink-nvs-") as scratch:
        rows, image = Path(scratch, "nvs.csv"), Path(scratch, "nvs.bin")
        lines = ["key,type,encoding,value", f"{NAMESPACE},namespace,,"]
        lines += [f"{key},data,hex2bin,{record.hex()}" for key, record in records.items()]
        with open(rows, "w", encoding="utf-8", opener=_private) as file:
            file.write("\n".join(lines) + "\n")
        generator = [sys.executable, "-m", "esp_idf_nvs_partition_gen"]
        done = subprocess.run(
            [*generator, "generate", str(rows), str(image), hex(size)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode or not image.is_file():
            # Its messages repeat the values, which are secret: show only its exit code.
            raise ToolchainError(
                f"Espressif's NVS generator ended with {done.returncode}: install "
                "esp-idf-nvs-partition-gen, and check for free space on the disk"
            )
        return image.read_bytes()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
