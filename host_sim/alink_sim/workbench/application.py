"""The files of an application: a folder with main.py, as they go into the vfs of a board."""

from __future__ import annotations

from pathlib import Path

_HIDDEN = (".", "__pycache__")


class ApplicationError(Exception):
    """The folder holds no application; the text says what to do."""


class Application:
    """The folder with main.py and its imports: `folder` itself, or its subfolder `firmware`."""

    def __init__(self, folder: Path) -> None:
        """Raises ApplicationError if neither has a main.py."""
        roots = (folder, folder / "firmware")
        self.root = next((one for one in roots if (one / "main.py").is_file()), folder)
        if not (self.root / "main.py").is_file():
            raise ApplicationError(
                f"{folder} has no main.py: name the folder of your application, or start one "
                f"with `alink-sim board new {folder}`"
            )

    def files(self) -> dict[str, bytes]:
        """Return path in the vfs → content."""
        return {
            f"/{path.relative_to(self.root).as_posix()}": path.read_bytes()
            for path in self._paths()
        }

    def stamp(self) -> dict[Path, tuple[int, int]]:
        """Return time and size of each file; they differ after a change."""
        found = {}
        for path in self._paths():
            about = path.stat()
            found[path] = about.st_mtime_ns, about.st_size
        return found

    def _paths(self) -> list[Path]:
        return [
            path
            for path in sorted(self.root.rglob("*"))
            if path.is_file()
            and not any(part.startswith(_HIDDEN) for part in path.relative_to(self.root).parts)
        ]
