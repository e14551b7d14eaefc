"""A hook of hatchling: put `alink-stubs` into the wheel, with the docstrings of the firmware.

`tools/alink-stubs` has the types alone, so that each docstring is written once, in `firmware`.
"""

from __future__ import annotations

import ast
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


class StubHook(BuildHookInterface):  # type: ignore[type-arg]
    """Adds the stubs to a wheel; an editable install finds them in `tools`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the stubs into a scratch folder, and name it to the builder."""
        if version != "editable":
            self._scratch = Path(tempfile.mkdtemp(prefix="alink-stubs-"))
            write(Path(self.root), self._scratch)
            build_data["force_include"][str(self._scratch)] = "alink-stubs"

    def finalize(self, version: str, _build_data: dict[str, Any], _artifact_path: str) -> None:
        """Remove the scratch folder."""
        if version != "editable":
            shutil.rmtree(self._scratch)


def write(root: Path, folder: Path) -> None:
    """Write the stubs of a checkout, with docstrings, into a folder."""
    stubs, sources = root / "tools" / "alink-stubs", root / "firmware" / "alink"
    for path in sorted(stubs.rglob("*.pyi")):
        name = path.relative_to(stubs)
        text = path.read_text(encoding="utf-8")
        source = (sources / name).with_suffix(".py")
        if source.is_file():  # A board has no module of the shared types.
            text = documented(text, source.read_text(encoding="utf-8"))
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def documented(stub: str, source: str) -> str:
    """Return the text of a stub with the docstrings that a source has for the same names."""
    tree = ast.parse(stub)
    _document(tree, ast.parse(source))
    return ast.unparse(tree) + "\n"


def _document(stub: _Documented, source: _Documented) -> None:
    sources = {one.name: one for one in source.body if isinstance(one, _Documented)}
    for one in stub.body:
        if isinstance(one, _Documented) and one.name in sources:
            _document(one, sources[one.name])
    docstring = ast.get_docstring(source)
    if docstring:
        stub.body.insert(0, ast.Expr(ast.Constant(docstring)))
