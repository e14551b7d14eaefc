"""File systems on other computers: SQLite cannot lock a ledger there."""

from __future__ import annotations

from pathlib import Path

_MOUNTS = Path("/proc/mounts")  # Linux; elsewhere nothing is known.
_REMOTE = ("afs", "ceph", "cifs", "lustre", "ncpfs", "nfs", "nfs4", "smb3", "smbfs")
_REMOTE_FUSE = ("fuse.glusterfs", "fuse.rclone", "fuse.sshfs")


def remote_type(file: Path) -> str:
    """Return the type of the network file system that a file is on, "" if it is on none."""
    if file.drive.startswith("\\\\"):  # \\\\server\\share of Windows.
        return "smb"
    try:
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""
    folder = file.resolve().parent
    found = (0, "")
    for mount in mounts.splitlines():
        _, place, kind, *_ = mount.split(" ")
        point = Path(place.replace("\\040", " "))
        # The longest mount point wins, and of equal ones the last: it covers the others.
        if folder.is_relative_to(point) and len(point.parts) >= found[0]:
            found = (len(point.parts), kind)
    return found[1] if found[1] in _REMOTE + _REMOTE_FUSE else ""
