"""Stash's log protocol on standard error: a level byte before each line, and no line that would end Stash's reader.

Standard library only.
"""

from __future__ import annotations

import sys
from typing import TextIO

LONGEST = 60_000
"""Bytes of text in a line: Stash's reader stops for good at 64 KiB."""
_LEVELS = {"trace": "t", "debug": "d", "info": "i", "warning": "w", "error": "e"}


class HostLog:
    """Writes to `stream` (Stash's pipe). A Stash that is gone is not an error: the work goes on."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream

    def write(self, level: str, text: str) -> None:
        """Each line of `text` at `level` (trace, debug, info, warning, error)."""
        for line in text.splitlines() or [""]:
            self._send(_LEVELS[level], _cut(line))

    def info(self, text: str) -> None:
        self.write("info", text)

    def warning(self, text: str) -> None:
        self.write("warning", text)

    def error(self, text: str) -> None:
        self.write("error", text)

    def progress(self, fraction: float) -> None:
        """How far the running task is, 0 to 1."""
        self._send("p", f"{min(1.0, max(0.0, fraction)):.4f}")

    def _send(self, level: str, text: str) -> None:
        try:
            self._stream.write(f"\x01{level}\x02{text}\n")
            self._stream.flush()
        except (OSError, ValueError):
            # The pipe is closed: Stash stopped. Results are in the rows, not in the log.
            return


def _cut(line: str) -> str:
    raw = line.encode("utf-8", "backslashreplace")
    return raw[:LONGEST].decode("utf-8", "ignore") + " …" if len(raw) > LONGEST else raw.decode("utf-8")
