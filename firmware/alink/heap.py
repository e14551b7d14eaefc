"""Load the modules that are needed for one step only, and give their heap back.

MicroPython never frees a name, and an import creates three: of the module, of its file, and of its
place in its package. So a step is not imported. `load` reads it as the module `step` of this one,
from a file system that has no other file, and the names of all steps are these.

    room       always imported by name                everything else in it is a step
    boot       nothing                                of a boot
    session    nothing; session, mqtt, connection     of a session: log in, subscribe, ...
               are loaded once, to stay
    https      nothing                                of one request
    ota        file_target                            of an update
    gateway    engine, roster, sub_device             for some sub-devices

Beside the rooms, `utc` and INTERNAL of tools/alink_formats/bytecode.py are steps too. A step lives
as long as its `call`, and then as long as its objects: what a step returns works on after the step
was dropped. Only the next call loads the file again. Tracebacks show the room and the function.
"""

import gc
import io
import os
import sys

import vfs
from micropython import const

_PLACE = const("/.alink")

# This module is a package, and its only submodule is `step`.
__path__ = _PLACE  # pyright: ignore[reportAssignmentType]

_loaded = []  # (name, module) of what the calls under way have loaded, oldest first.
resident = {}  # Name to module, of what stays; cleared before a reset.
_file = ""  # The path that is loaded, without its ending.


def call(name, function, *arguments):
    """Load a step ("session.packets"), call its function; return what the function does.

    Afterwards the modules that were loaded meanwhile are dropped, except those that stay.
    """
    gc.collect()  # So what stays permanently lies low in the heap, not above garbage.
    held = len(_loaded)
    _loaded.append(("", None))  # So that `load` knows of the call.
    try:
        return getattr(load(name), function)(*arguments)
    finally:
        del _loaded[held:]
        gc.collect()


def load(name, stays=False):
    """Return a module that the calls under way share, or that `stays` for all later ones."""
    global __path__, _file
    for other, module in _loaded:
        if other == name:
            return module
    modules = sys.modules
    module = resident.get(name) or modules.get("alink." + name)
    if not module:
        root = modules["alink"].__path__
        _file = root + "/" + name.replace(".", "/")  # pyright: ignore[reportOperatorIssue]
        leaf = "step"
        mounts = not _file.startswith(".frozen")
        if not mounts:  # Then its names are in ROM: see frozen_names.py.
            __path__, _, leaf = _file.rpartition("/")
        key = "alink.heap." + leaf
        outer = modules.pop(key, None)  # A step that loads this one at its top.
        if outer:
            mounts = False
        if mounts:
            vfs.mount(modules[__name__], _PLACE)
        try:
            __import__(key)
            module = globals().pop(leaf)
        finally:
            modules.pop(key, None)
            if outer:
                modules[key] = outer
            if mounts:
                vfs.umount(_PLACE)
        if stays:
            resident[name] = module
        elif _loaded:
            _loaded.append((name, module))
    return module


# The file system of one file: the methods that an import calls


def mount(*options):
    """Take part in `vfs.mount` and in `vfs.umount`."""


umount = mount


def stat(path):
    """Return the state of a file: `path` is "/step", with an ending perhaps. Raises OSError."""
    return os.stat(_file + path[5:])


def open(path, mode):  # noqa: A001  MicroPython calls it so
    """Return the file. Raises OSError."""
    return io.open(_file + path[5:], mode)
