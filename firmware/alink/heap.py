"""Give back the heap of modules that are needed for one step only.

A folder of this package is a lifetime. `unload` drops a folder whole, or a module beside the
folders; `unload_steps` drops the modules in a folder that it does not name in its RESIDENT.

    folder     RESIDENT                              everything else in it lives for
    boot       nothing                               one stop of a boot
    session    session, mqtt, connection             one step of a session: log in, subscribe, ...
    https      nothing                               one request
    ota        file_target                           one step of an update
    gateway    engine, roster, sub_device            one step for some sub-devices

A step is one `call`, not an import inside a function: the name that an import binds would hold the
module until that function ends, and the heap with it. A module that still runs, or whose objects
are still held, works on after it was dropped: only the next import does not find it.
"""

import gc
import sys


def call(step, function, *arguments):
    """Load the module `step` ("session.packets"), call its function, drop the steps of its
    folder; return what the function does.
    """
    name = "alink." + step
    gc.collect()  # So what stays permanently lies low in the heap, not above garbage.
    try:
        __import__(name)
        return getattr(sys.modules[name], function)(*arguments)
    finally:
        unload_steps(step.partition(".")[0])


def unload(*names):
    """Forget modules or packages below `alink`, a package with all that is in it, and collect."""
    for name in names:
        _forget("alink." + name, ())


def unload_steps(*packages):
    """Forget the modules of packages below `alink` except their RESIDENT ones, and collect."""
    for name in packages:
        package = sys.modules.get("alink." + name)
        _forget("alink.%s." % name, getattr(package, "RESIDENT", ()))


def _forget(start, keep):
    # Both the module table and its package hold a module: with both gone most of its heap comes
    # back, with one nothing.
    for name in list(sys.modules):
        package, _, leaf = name.rpartition(".")
        if name.startswith(start) and leaf not in keep:
            del sys.modules[name]
            if package in sys.modules:
                sys.modules[package].__dict__.pop(leaf, None)
    gc.collect()
