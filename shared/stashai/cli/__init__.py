"""The command line: everything without Stash."""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status (see `exits`). Imports the rest only now, so that the package costs nothing."""
    from .app import run

    return run(arguments)
