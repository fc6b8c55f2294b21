"""`python -m stashai.cli`, which the launcher calls."""

from __future__ import annotations

import os
import sys

from . import main
from .exits import Exit
from .interrupts import leave_at_once


def end(status: int) -> None:
    """Without Python's own way out: it would wait for threads that are deep inside a network or a decoder, and ctrl-C in
    that moment would deny the answer that was given."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # whoever read is gone, or the disk is full; that was said if it could be
        status = status or Exit.SOME_FAILED
    os._exit(status)


if __name__ == "__main__":
    leave_at_once()
    end(main())
