"""What the exit status tells a script."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    OK = 0
    """Everything ran, also when nobody was known."""
    SOME_FAILED = 1
    """Some items failed (a missing path is one), or the command's one task did."""
    USAGE = 2
    """The arguments cannot be used."""
    SETUP = 3
    """What must be there before any work could not be set up."""
    INTERRUPTED = 130
    """Ctrl-C, or the job was cancelled from elsewhere."""
