"""How far long work is: a bar on a terminal, a plain line now and then elsewhere. Always on stderr."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Protocol

from .shell import Shell, printable

LINE_SECONDS = 5.0
"""Plain lines come no closer together, so that a log stays readable."""


class Progress(Protocol):
    """Safe to be called by several threads."""

    def update(self, done: float, total: float, message: str = "") -> None:
        """`done` of `total` units (files, bytes) are done; `message` names what is worked on."""
        ...


class Lines:
    """Plain lines, for logs and pipes."""

    def __init__(self, shell: Shell, title: str) -> None:
        self.shell, self.title = shell, title
        self.last = time.monotonic()
        self.lock = Lock()

    def update(self, done: float, total: float, message: str = "") -> None:
        with self.lock:
            if time.monotonic() - self.last < LINE_SECONDS:
                return
            self.last = time.monotonic()
        share = f"{100 * done / total:.0f} %" if total else "…"
        self.shell.note(f"{self.title}: {share} {message}".rstrip())


@contextmanager
def progress(shell: Shell, title: str, *, of_bytes: bool = False) -> Iterator[Progress]:
    """Progress for the block, drawn or written as stderr wants it."""
    if not shell.on_terminal:
        yield Lines(shell, title)
        return
    with bar(shell, title, of_bytes=of_bytes) as drawn:
        yield drawn


@contextmanager
def bar(shell: Shell, title: str, *, of_bytes: bool) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Rich

    count = DownloadColumn() if of_bytes else MofNCompleteColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), count, TimeRemainingColumn(), TextColumn("[dim]{task.fields[message]}"))
    with Rich(*columns, console=Console(file=shell.err), transient=True) as rich:
        task = rich.add_task(title, total=None, message="")

        class Bar:
            def update(self, done: float, total: float, message: str = "") -> None:
                rich.update(task, completed=done, total=total or None, message=printable(message)[-48:].replace("[", "\\["))

        yield Bar()
