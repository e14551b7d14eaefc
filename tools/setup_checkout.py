"""Make a fresh checkout runnable: `python3 tools/setup_checkout.py`, the first thing `make` does.

Only the door, in words that every Python understands: what is done stands in setup_steps.py.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "set-up: Python 3.11 or newer is needed and this is %d.%d: install one and name it, "
        "as in make PYTHON=python3.12." % sys.version_info[:2]
    )

from setup_steps import main

sys.exit(main(sys.argv[1:]))
