"""`python -m stashai.cli`, which the launcher calls."""

from __future__ import annotations

import os
import sys

from . import main
from .exits import Exit

if __name__ == "__main__":
    status = main()
    if status == Exit.INTERRUPTED:
        # what was interrupted may be deep inside a network or a decoder: its threads are not waited for
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)
