"""Set up a checkout: `make` runs `python3 tools/setup_checkout.py` first.

This file runs on any Python 3, to report one that is too old. setup_steps.py does the work.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "set-up: Python is %d.%d; 3.11 or newer is needed: install one and name it, "
        "as in make PYTHON=python3.12." % sys.version_info[:2]
    )

from setup_steps import main

sys.exit(main(sys.argv[1:]))
