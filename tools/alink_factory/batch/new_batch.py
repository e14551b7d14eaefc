"""A new batch: answers in, the batch file, a CSV template and the file of the secret out."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from alink_factory.batch import batch_file
from alink_factory.errors import BatchError

SCHEMES = {
    "given": "the rows of a CSV have the DeviceNames",
    "scan": "each board's serial number is scanned, and names it",
    "counter": "lamp-000001, lamp-000002 and so on",
    "board": "each board completes its name with its MAC",
}


@dataclass(frozen=True, repr=False)
class Answers:
    """What `alink-burn new` asked. `product_secret` "" : each board gets its own DeviceSecret.

    `scheme` is one of SCHEMES, `prefix` the start of each name of the schemes counter and board,
    `count` the number of boards without a CSV, `image` a MicroPython image or None, `pin` the
    hash of a supervisor's PIN or "".
    """

    folder: Path
    name: str
    product_key: str
    product_secret: str
    region: str
    board: str
    layout: str
    scheme: str
    prefix: str
    count: int
    image: Path | None
    boot_check: bool
    pin: str = ""

    @property
    def file(self) -> Path:
        """The batch file."""
        return self.folder / f"{self.name}.toml"

    @property
    def rows_file(self) -> Path | None:
        """The CSV template, None if the batch only has a count."""
        return self.folder / f"{self.name}.csv" if self.scheme in ("given", "scan") else None

    @property
    def secret_file(self) -> Path | None:
        """The file of the ProductSecret, None without one."""
        return self.folder / f"{self.name}.secret" if self.product_secret else None


def write(answers: Answers) -> tuple[Path, ...]:
    """Write the files of a new batch and return them; the secret is for this user only (0600).

    Raises BatchError if one of them exists: nothing is overwritten, nothing is half written.
    """
    texts: list[tuple[Path, str, int]] = [(answers.file, batch_text(answers), 0o644)]
    if answers.rows_file:
        columns = "DeviceName,SerialNumber" if answers.scheme == "given" else "SerialNumber"
        texts.append((answers.rows_file, columns + "\n", 0o644))
    if answers.secret_file:
        texts.append((answers.secret_file, answers.product_secret + "\n", 0o600))
    written: list[Path] = []
    try:
        answers.folder.mkdir(parents=True, exist_ok=True)
        for path, text, mode in texts:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            with os.fdopen(os.open(path, flags, mode), "w", encoding="utf-8") as file:
                written.append(path)
                file.write(text)
        batch_file.load(answers.file)
    except (OSError, BatchError) as error:
        for path in written:
            path.unlink(missing_ok=True)
        if isinstance(error, FileExistsError):
            raise BatchError(f"{error.filename} exists: choose another name") from error
        if isinstance(error, OSError):
            raise BatchError(f"{error.filename}: {error.strerror}") from error
        raise
    return tuple(written)


def batch_text(answers: Answers) -> str:
    """Return the text of the batch file."""
    return "\n".join(_lines(answers)) + "\n"


def _lines(answers: Answers) -> Iterator[str]:
    source = f"file:{answers.secret_file.name}" if answers.secret_file else batch_file.NONE
    yield f"name = {_quoted(answers.name)}"
    yield from ("", "[product]", f"key = {_quoted(answers.product_key)}")
    yield f"secret = {_quoted(source)}"
    yield f"region = {_quoted(answers.region)}"
    yield from ("", "[rows]")
    if answers.rows_file:
        yield f"file = {_quoted(answers.rows_file.name)}"
    else:
        yield f"count = {answers.count}"
    yield from ("", "[device_name]")
    if answers.scheme == "counter":
        yield 'scheme = "template"'
        yield f"template = {_quoted(answers.prefix + '{counter:06d}')}"
    else:
        yield f"scheme = {_quoted(answers.scheme)}"
    if answers.scheme == "board":
        yield f"template = {_quoted(answers.prefix + '{mac}')}"
    yield from ("", "[board]", f"name = {_quoted(answers.board)}")
    yield f"layout = {_quoted(answers.layout)}"
    if answers.image:
        yield from ("", "[firmware]", f"image = {_quoted(str(answers.image.resolve()))}")
        yield f"sha256 = {_quoted(_digest(answers.image))}"
    yield from ("", "[line]", f"boot_check = {'true' if answers.boot_check else 'false'}")
    if answers.pin:
        yield from ("", "[supervisor]", f"pin = {_quoted(answers.pin)}")


def _digest(image: Path) -> str:
    try:
        return hashlib.sha256(image.read_bytes()).hexdigest()
    except OSError as error:
        raise BatchError(f"{image}: {error.strerror}") from error


def _quoted(text: str) -> str:
    # A basic string of TOML has the escapes of JSON.
    return json.dumps(text, ensure_ascii=False)
