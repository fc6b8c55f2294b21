"""Whether the worker can serve yet: its networks are here (fetched where they are missing), its Stash answers."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from stashai.errors import StashAIError
from stashai.services.core import Core
from stashai.vision.catalog import Catalog
from stashai.vision.fetch import Progress
from stashai.vision.prepare.cache import prepared_path
from stashai.vision.runtime import choose_runtime

logger = logging.getLogger(__name__)

SAY_EVERY = 5.0
"""Seconds between two lines of a download's progress."""
LONGEST_PAUSE = 60.0
STASH_SECONDS = 30.0
STASH_AWAY_SECONDS = 2.0

Prepare = Callable[[Core], None]


def prepare_networks(core: Core) -> None:
    """Fetch and prepare the default networks that are missing, and load those of the first answer. Raises StashAIError."""
    catalog, runtime = Catalog.of(core.settings), choose_runtime()
    for role in ("detector", "embedder"):
        for entry in catalog.by_role(role, default_only=True):
            prepared_path(entry, runtime, core.settings, _told(entry.title))
    core.engine().warm()


def _told(title: str) -> Progress:
    said = 0.0

    def progress(done: int, total: int) -> None:
        nonlocal said
        if time.monotonic() - said > SAY_EVERY:
            said = time.monotonic()
            logger.info("Fetching %s: %d of %d MiB", title, done >> 20, total >> 20)

    return progress


FETCHING = "the networks are being fetched and prepared"


class Readiness:
    """`networks` is the reason why recognition cannot start yet, empty once it can; `stash` why Stash cannot be asked.

    `prepare` is called in a thread of its own until it succeeds; `ask_stash` answers a reason or nothing, None without Stash."""

    def __init__(self, core: Core, prepare: Prepare = prepare_networks, ask_stash: Callable[[], str] | None = None) -> None:
        self._core = core
        self._prepare = prepare
        self._end = threading.Event()
        self.networks = FETCHING
        self.stash = "Stash was not asked yet" if ask_stash is not None else ""
        self._threads = [threading.Thread(target=self._get_networks, name="networks", daemon=True)]
        if ask_stash is not None:
            self._threads.append(threading.Thread(target=self._watch_stash, args=(ask_stash,), name="stash", daemon=True))

    @property
    def broken(self) -> bool:
        """Whether recognition cannot start and it was tried."""
        return self.networks not in ("", FETCHING)

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._end.set()

    def _get_networks(self) -> None:
        pause = 2.0
        while not self._end.is_set():
            try:
                self._prepare(self._core)
            except StashAIError as error:
                self.networks = str(error)
                logger.warning("The networks are not ready: %s", error)
                self._end.wait(pause)
                pause = min(LONGEST_PAUSE, 2 * pause)
            else:
                self.networks = ""
                return

    def _watch_stash(self, ask: Callable[[], str]) -> None:
        while not self._end.is_set():
            problem = ask()
            if problem != self.stash:
                logger.info("Stash: %s", problem or "it answers")
            self.stash = problem
            self._end.wait(STASH_AWAY_SECONDS if problem else STASH_SECONDS)
