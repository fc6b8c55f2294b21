"""Networks on this machine: which are ready, and getting the missing ones, in front of the work or behind it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from ..errors import StashAIError
from ..settings import Settings
from ..vision.catalog import Catalog, ModelEntry
from ..vision.prepare.cache import FILES, Runtime, prepared_key, prepared_path
from ..vision.runtime import choose_runtime
from .progress import progress
from .shell import Shell, megabytes


def is_ready(entry: ModelEntry, settings: Settings, runtime: Runtime) -> bool:
    """Whether `entry` is prepared for `runtime`: it then opens without anything being fetched."""
    return (settings.models / "prepared" / prepared_key(entry, runtime) / FILES[runtime][0]).is_file()


def missing_defaults(catalog: Catalog, settings: Settings) -> tuple[list[ModelEntry], list[ModelEntry]]:
    """The default networks that are not ready: those that the first answer needs (the first detector, the first embedder),
    and those that can follow."""
    runtime = choose_runtime()
    detectors, embedders = catalog.by_role("detector", default_only=True), catalog.by_role("embedder", default_only=True)

    def missing(entries: Sequence[ModelEntry]) -> list[ModelEntry]:
        return [entry for entry in entries if not is_ready(entry, settings, runtime)]

    return missing([*detectors[:1], *embedders[:1]]), missing([*detectors[1:], *embedders[1:]])


def obtain(entries: Sequence[ModelEntry], shell: Shell) -> None:
    """Fetch and prepare `entries` now, with progress. Raises SetupError with the remedy."""
    runtime = choose_runtime()
    for entry in entries:
        shell.note(f"getting {entry.title} ({megabytes(entry.source.bytes or entry.bytes)}, {entry.licence}) …")
        with progress(shell, entry.title, of_bytes=True) as shown:
            prepared_path(entry, runtime, shell.settings, shown.update)


UNANSWERED_SECONDS = 4.0
"""An answer that is complete is not held up for a server that has not sent a byte for so long."""


class Follower:
    """Gets networks in the background while the first answer is being worked out.

    A failure costs nothing: what is missing is tried again at the next run, and said once.
    """

    def __init__(self, entries: Sequence[ModelEntry], settings: Settings, prepare: Callable[..., object] = prepared_path) -> None:
        self.entries, self.settings, self.prepare = list(entries), settings, prepare
        self.runtime = choose_runtime() if self.entries else None
        self.state = ""
        self.problem: StashAIError | None = None
        # a daemon: an interrupted command does not wait for it, and what has arrived is kept
        self.thread = threading.Thread(target=self._work, name="networks", daemon=True)

    def start(self) -> None:
        if self.entries:
            self.started = time.monotonic()
            self.thread.start()

    def _work(self) -> None:
        for entry in self.entries:
            self.state = entry.title
            try:
                self.prepare(entry, self.runtime, self.settings, self._told)
                self.prepared += 1
            except StashAIError as error:
                self.problem = error
                return

    def _told(self, done: int, total: int) -> None:
        self.done, self.total = done, total

    done: int = 0
    total: int = 0
    started: float = 0.0

    @property
    def hopeless(self) -> bool:
        """Whether nothing has come for so long that the machine is likely offline."""
        return self.done == 0 and self.prepared == 0 and time.monotonic() - self.started > UNANSWERED_SECONDS

    prepared: int = 0

    def finish(self, shell: Shell) -> None:
        """Wait until everything is there, saying so; ctrl-C ends the wait, not the answer that was given."""
        if self.thread.is_alive():
            shell.note(f"the answer is complete; still fetching {self.state} for the next runs (ctrl-C stops that, it goes on then)")
            try:
                with progress(shell, self.state, of_bytes=True) as shown:
                    while self.thread.is_alive():
                        self.thread.join(0.2)
                        shown.update(self.done, self.total)
                        if self.hopeless:
                            break
            except KeyboardInterrupt:
                shell.note(f"stopped; what has arrived of {self.state} is kept")
                return
        if self.thread.is_alive():
            shell.warn(f"{self.state} cannot be fetched at the moment. Answers get better with it; the next run tries again.")
        elif self.problem:
            shell.warn(f"{self.problem} Answers get better with it; the next run tries again.")
        elif self.entries:
            shell.note(f"{', '.join(entry.title for entry in self.entries)} is ready and used from the next run on")
