# Start the board, run boot.py and main.py as the firmware does, then start a REPL if the board
# has a serial port.
import gc
import sys

import _board
import _boot
import uos

_boot.mount()
del _boot, sys.modules["_boot"]


def _run(names):
    for name in names:
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
            if not _board.keys:
                sys.exit(1)
            return


if not _board.keys:
    _run(("boot.py", "main.py"))
else:
    _raw = _board.state(48, 1) == b"\1"  # After a soft reset, raw mode continues.
    _run(("boot.py",) if _raw else ("boot.py", "main.py"))
    gc.collect()  # The REPL of a chip is in ROM and starts even if the heap is full.
    import _repl

    _repl.serve({"__name__": "__main__"}, _raw)
