# The work of the firmware between reset and boot.py: mount the vfs. After that, host files cannot
# be opened, except for the modules in /rom.
import errno
import gc
import select
import socket
import sys
import time

import _board
import _micropython
import _sys
import esp32
import uos
import vfs

# Programs ask for the platform and the machine, and call what only a chip has.
sys.modules["sys"] = _sys
sys.modules["micropython"] = _micropython
# Older code imports usocket; on a board it is the same module.
for _module in (errno, select, socket, time):
    sys.modules["u" + _module.__name__] = _module


def mount():
    gc.collect()  # The next objects are permanent: put them at the lower end of the heap.
    count, size = uos.getenv("ALINK_BALLAST").split()
    for _ in range(int(count)):
        _board.ballast.append(bytearray(int(size)))
    lfs2 = vfs.VfsLfs2
    rom = uos.VfsPosix(uos.getenv("ALINK_ROM"))
    image = uos.getenv("ALINK_FROZEN")
    image = uos.VfsPosix(image) if uos.listdir(image) else None
    vfs.umount("/")
    vfs.mount(rom, "/rom", readonly=True)
    sys.path[:] = ["", "/rom", ".frozen", "/lib"]
    if image:  # Modules that are frozen into the running application.
        vfs.mount(image, "/frozen", readonly=True)
        sys.path.insert(1, "/frozen")
    partition = esp32.Partition("vfs")
    try:
        vfs.mount(lfs2(partition), "/")
    except OSError:
        blank = bytearray(64)
        partition.readblocks(0, blank)
        if blank.count(b"\xff") != len(blank):
            print("The filesystem appears to be corrupted.")
            sys.exit(1)
        lfs2.mkfs(partition)
        vfs.mount(lfs2(partition), "/")
    uos.chdir("/")
