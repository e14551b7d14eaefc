"""`make dist`: wheel, source archive and the index of mip packages, in `dist`.

Everything is built a second time in another folder: a byte that differs is an error.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import mip_index

ROOT = Path(__file__).resolve().parents[1]


def build(root: Path, folder: Path) -> None:
    """Build everything of a checkout into a folder."""
    build_archives(root, folder)
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    version = project["version"].partition(".dev")[0]  # The SDK has no development versions.
    mip_index.write(root / "firmware" / "alink", folder / "mip", version=version)


def build_archives(root: Path, folder: Path) -> None:
    """Build wheel and source archive of a checkout into a folder."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--directory", str(folder)],
        cwd=root,
        check=True,
        capture_output=True,
    )


def differences(one: Path, other: Path) -> Iterator[str]:
    """Yield the paths of the files that only one folder has, or that differ."""
    names = {
        path.relative_to(folder).as_posix()
        for folder in (one, other)
        for path in folder.rglob("*")
        if path.is_file()
    }
    for name in sorted(names):
        pair = one / name, other / name
        if not all(path.is_file() for path in pair) or len({p.read_bytes() for p in pair}) > 1:
            yield name


def main() -> int:
    """Build twice, compare, and fill `dist`; return the exit code."""
    dist = ROOT / "dist"
    with tempfile.TemporaryDirectory(prefix="alink-dist-") as scratch:
        first, second = Path(scratch) / "1", Path(scratch) / "2"
        build(ROOT, first)
        build(ROOT, second)
        if wrong := list(differences(first, second)):
            print(f"dist: built twice, these differ: {', '.join(wrong)}", file=sys.stderr)
            return 1
        for made in (*dist.glob("*.whl"), *dist.glob("*.tar.gz")):
            made.unlink()
        shutil.rmtree(dist / "mip", ignore_errors=True)
        shutil.copytree(first, dist, dirs_exist_ok=True)
    for path in sorted((*dist.glob("*.whl"), *dist.glob("*.tar.gz"))):
        print(f"dist: {path.relative_to(ROOT)}, {path.stat().st_size:,} bytes")
    print("dist: dist/mip, an index for mip; built twice, byte for byte the same")
    return 0


if __name__ == "__main__":
    sys.exit(main())
