# Starts the board, then boot.py and main.py as the firmware runs them.
import gc
import sys

import _boot
import uos

_boot.mount()
del _boot, sys.modules["_boot"]


def _run():
    for name in ("boot.py", "main.py"):
        gc.collect()
        try:
            uos.stat(name)
        except OSError:
            continue
        try:
            execfile(name, {"__name__": "__main__"})
        except SystemExit:
            return
        except BaseException as error:
            sys.print_exception(error)
            sys.exit(1)


_run()
