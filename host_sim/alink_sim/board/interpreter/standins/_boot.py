# What the firmware does between reset and boot.py. Nothing of the host can be opened afterwards,
# but for the modules in /rom.
import errno
import gc
import select
import socket
import sys
import time

import _board
import esp32
import uos
import vfs

# Older code says usocket; on a board it is the same module.
for _module in (errno, select, socket, time):
    sys.modules["u" + _module.__name__] = _module


def mount():
    gc.collect()  # What comes now stays: it is to lie at the lower end of the heap.
    volume = vfs.VfsLfs2
    rom = uos.VfsPosix(uos.getenv("ALINK_ROM"))
    image = uos.getenv("ALINK_FROZEN")
    image = uos.VfsPosix(image) if uos.listdir(image) else None
    vfs.umount("/")
    vfs.mount(rom, "/rom", readonly=True)
    sys.path[:] = ["", "/rom", ".frozen", "/lib"]
    if image:  # Modules that are frozen into the application that runs.
        vfs.mount(image, "/frozen", readonly=True)
        sys.path.insert(1, "/frozen")
    partition = esp32.Partition("vfs")
    try:
        vfs.mount(volume(partition), "/")
    except OSError:
        blank = bytearray(64)
        partition.readblocks(0, blank)
        if blank.count(b"\xff") != len(blank):
            print("The filesystem appears to be corrupted.")
            sys.exit(1)
        volume.mkfs(partition)
        vfs.mount(volume(partition), "/")
    uos.chdir("/")
