"""Ctrl-C at any moment. While modules are imported, an exception may get lost in the middle, or end as a traceback: as nothing
is begun by then, the process just ends. From the command itself on, ctrl-C is Python's own KeyboardInterrupt."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

from .exits import Exit


def leave(number: int, frame: FrameType | None) -> None:
    """End at once: nothing is begun that would have to be left in order."""
    os.write(2, b"\nStashAI: interrupted\n")
    if "--json" in sys.argv:
        os.write(1, b'{"error": {"code": "cancelled", "message": "Interrupted.", "remedy": ""}}\n')
    os._exit(Exit.INTERRUPTED)


def leave_at_once() -> None:
    """Until a command begins. Where ctrl-C is ignored (a shell's background work), it stays so."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, leave)


def leave_in_order() -> None:
    """From now on there is something to be left in order."""
    if signal.getsignal(signal.SIGINT) is leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)
