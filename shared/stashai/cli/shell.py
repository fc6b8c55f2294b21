"""Where a command's words go: answers to stdout, everything else to stderr."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TextIO, TypeVar

import click

from ..settings import Settings

F = TypeVar("F", bound=Callable[..., Any])


def printable(text: str) -> str:
    """`text` on one line without control characters, which a file's name may hold: they would move the cursor or worse."""

    def shown(c: str) -> bool:
        return c.isprintable() or c == "\u00a0" or "\udc80" <= c <= "\udcff"

    return "".join(c if shown(c) else c.encode("unicode_escape").decode() for c in text)


@dataclass(slots=True)
class Shell:
    """The settings and the two streams of one command. `out` carries the answer alone."""

    settings: Settings
    out: TextIO
    err: TextIO

    @classmethod
    def of_process(cls, settings: Settings) -> Shell:
        """The process's own streams, told to write what they cannot encode (a name's stray bytes) as it is or escaped."""
        for stream, errors in ((sys.stdout, "surrogateescape"), (sys.stderr, "backslashreplace")):
            if isinstance(stream, io.TextIOWrapper):
                unicode = (stream.encoding or "").lower().replace("-", "") == "utf8"
                stream.reconfigure(errors=errors if unicode else "backslashreplace")
        return cls(settings, sys.stdout, sys.stderr)

    @property
    def on_terminal(self) -> bool:
        """Whether a person watches stderr: progress may then be drawn."""
        return self.err.isatty() and os.environ.get("TERM") != "dumb"

    def say(self, text: str = "") -> None:
        """A line of the answer."""
        click.echo(text, file=self.out)

    def emit(self, value: object) -> None:
        """The answer as one JSON object on one line of ASCII: stray bytes of a name come out as \\udcXX."""
        click.echo(json.dumps(value, ensure_ascii=True, allow_nan=False), file=self.out)

    def note(self, text: str) -> None:
        """A line about the work, not of the answer."""
        click.echo(f"StashAI: {printable(text)}", file=self.err)

    def warn(self, text: str) -> None:
        click.echo(click.style("warning: ", fg="yellow") + printable(text), file=self.err)

    def problem(self, message: str, remedy: str = "") -> None:
        click.echo(click.style("error: ", fg="red", bold=True) + printable(f"{message} {remedy}".strip()), file=self.err)

    def table(self, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Aligned columns; numbers to the right. Says nothing when there are no rows."""
        cells = [[printable(str(cell)) for cell in row] for row in rows]
        kinds = [all(row[i].replace(".", "").replace("%", "").strip().isdigit() for row in cells) for i in range(len(heads))]
        if not cells:
            return
        widths = [max(len(head), *(len(row[i]) for row in cells)) for i, head in enumerate(heads)]
        self.say(click.style(line(heads, widths, kinds), bold=True))
        for row in cells:
            self.say(line(row, widths, kinds))

    def forget_stdout(self) -> None:
        """Whoever read us is gone: nothing more is written, also not when Python closes the stream."""
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, self.out.fileno())


def line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = [cell.rjust(width) if numeric else cell.ljust(width) for cell, width, numeric in zip(cells, widths, right, strict=True)]
    return "  ".join(padded).rstrip()


def json_option(command: F) -> F:
    """`--json`: every command can answer a program."""
    return click.option("--json", "as_json", is_flag=True, help="Print the answer as one JSON object.")(command)


def megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size < 1e9 else f"{size / 1e9:.2f} GB"
