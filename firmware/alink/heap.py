"""Give back the heap of modules that a boot needs only once."""

import gc
import sys


def unload(*names):
    """Forget modules of this package by name, and collect.

    Both the module table and the package hold a module: with both gone most of its heap comes
    back, with one nothing. An instance of a class of the module would hold it too.
    """
    package = sys.modules["alink"]
    for name in names:
        sys.modules.pop("alink." + name, None)
        if hasattr(package, name):
            delattr(package, name)
    gc.collect()
