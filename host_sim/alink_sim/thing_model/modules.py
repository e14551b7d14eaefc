"""Modules of a thing model: groups of features, whose identifiers are `module:identifier`.

The vendor's console exports a product with modules as a ZIP of JSON files: the default module,
which lists the others in "functionBlocks", and a file for each of them with its "functionBlockId".
Here all of it is one document: each entry of "functionBlocks" has the features of its module.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

from alink_sim import bounded_json

BLOCKS = "functionBlocks"
BLOCK = "functionBlockId"
NAME = "functionBlockName"
FEATURES = ("properties", "events", "services")
MAX_MODULES = 200  # Of a product, the default module among them.

_ZIP = b"PK\x03\x04"
_MAX_FILE = 4 << 20  # Bytes of one JSON file.
_LISTED = ("productKey", BLOCK, NAME, "description")


def document(content: bytes) -> Any:
    """Return the document in an exported file: JSON, or a ZIP of the modules' JSON files.

    Raises ValueError for bytes that are neither.
    """
    if not content.startswith(_ZIP):
        return bounded_json.loads(content.decode("utf-8-sig"))
    files = _files(content)
    own = [one for one in files.values() if isinstance(one, dict) and BLOCK in one]
    main = [one for one in files.values() if not isinstance(one, dict) or BLOCK not in one]
    if len(main) != 1 or not isinstance(main[0], dict):
        raise ValueError(
            f"the ZIP has {len(main)} JSON files without {BLOCK}: use 1, the default module"
        )
    listed = main[0].get(BLOCKS)
    found = {json.dumps(one[BLOCK]) for one in own}
    # A module without a file stays as it is listed, and the parser misses its features.
    absent = [
        one
        for one in (listed if isinstance(listed, list) else ())
        if not isinstance(one, dict) or json.dumps(one.get(BLOCK)) not in found
    ]
    return {**main[0], BLOCKS: [*own, *absent]}


def features(document: Mapping[str, Any], kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (identifier, feature) of one of `FEATURES` of a valid document, modules included."""
    for table in (document, *document.get(BLOCKS, ())):
        for one in table.get(kind, ()):
            yield qualified(table.get(BLOCK, ""), one["identifier"]), one


def qualified(module: str, identifier: str) -> str:
    """Return a feature's identifier in messages; `module` is "" for the default module."""
    return f"{module}:{identifier}" if module else identifier


def module_of(identifier: str) -> str:
    """Return the module of an identifier in messages, "" for the default module."""
    return identifier.rpartition(":")[0]


def module(document: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """Return the TSL of one module as the vendor has it, None if the product has no such module.

    `name` is "" for the default module, which lists the others without their features.
    """
    blocks = document.get(BLOCKS, ())
    if not name:
        listed = [{key: one[key] for key in _LISTED if key in one} for one in blocks]
        return {**document, BLOCKS: listed} if blocks else dict(document)
    shared = {key: document[key] for key in ("schema", "profile") if key in document}
    return next(({**shared, **one} for one in blocks if one[BLOCK] == name), None)


def with_module(
    document: Mapping[str, Any], name: str, title: str, tsl: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a document whose module `name`, "" for the default one, has the features of a TSL.

    The other modules stay, also if the TSL of the default one lists them without their features.
    """
    blocks = [one for one in document.get(BLOCKS, ()) if one[BLOCK] != name]
    if name:
        named = {**tsl, BLOCK: name, NAME: title or name}
        return {"properties": [], **document, BLOCKS: [*blocks, named]}
    given = tsl.get(BLOCKS) or ()
    is_whole = any(isinstance(one, dict) and "properties" in one for one in given)
    return {**tsl, BLOCKS: blocks} if blocks and not is_whole else dict(tsl)


def _files(content: bytes) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [one for one in archive.infolist() if one.filename.endswith(".json")]
            if len(entries) > MAX_MODULES:
                raise ValueError(
                    f"the ZIP has {len(entries)} JSON files; the limit is {MAX_MODULES}"
                )
            return {one.filename: _file(archive, one) for one in entries}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise ValueError(f"the ZIP cannot be read: {error}") from error


def _file(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Any:
    if entry.file_size > _MAX_FILE:  # No more than this is read, whatever the archive has.
        raise ValueError(f"{entry.filename} of the ZIP has more than {_MAX_FILE >> 20} MiB")
    content = archive.read(entry)
    try:
        return bounded_json.loads(content.decode("utf-8-sig"))
    except ValueError as error:
        raise ValueError(f"{entry.filename} of the ZIP is not JSON: {error}") from error
