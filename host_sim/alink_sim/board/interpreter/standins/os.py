# `os` of an ESP32: without the functions that reach the host.
from sys import implementation, platform

import _board
import uos
from uos import (
    VfsFat,
    VfsLfs2,
    chdir,
    getcwd,
    ilistdir,
    listdir,
    mkdir,
    mount,
    remove,
    rename,
    rmdir,
    sep,
    stat,
    umount,
    unlink,
    urandom,
)

_board.release(4)


def uname():
    from collections import namedtuple

    release = ".".join(str(part) for part in implementation[1][:3])
    fields = "sysname nodename release version machine"
    return namedtuple("uname", fields.split())(
        platform, platform, release, "v" + release, implementation._machine
    )


def statvfs(path):
    # The folder of the frozen modules is on the host, whose size is not the board's.
    return (1, 1) + 8 * (0,) if path[:4] == "/rom" else uos.statvfs(path)


def sync():
    pass  # The vfs writes at once.


def dupterm(stream, index=0):
    raise NotImplementedError("os.dupterm is not simulated: the REPL is on the serial port")


__getattr__ = _board.rare("os")
