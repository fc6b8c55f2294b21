"""The loaded networks of a process, shared by all that runs in it: each is loaded once, and what they run on is shared fairly."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Literal

from ..settings import Settings
from .batching import MOST, BatchingSession, takes_batches
from .catalog import ModelEntry
from .runtime import is_accelerated, open_session
from .session import Session, Tensor
from .sessions.checked import probe

Opener = Callable[[ModelEntry, Settings, Literal["auto", "ort", "ncnn"]], Session]


class SlottedSession:
    """A session of the processor, one thread a run: no more runs at once than there are `slots`."""

    def __init__(self, session: Session, slots: threading.Semaphore) -> None:
        self._session, self._slots = session, slots

    def run(self, blob: Tensor) -> Sequence[Tensor]:
        with self._slots:
            return self._session.run(blob)

    def warm(self, shape: tuple[int, int, int, int]) -> None:
        with self._slots:
            self._session.warm(shape)

    def close(self) -> None:
        self._session.close()


class Networks:
    """`open` is an opener for engines. Slots: one for the accelerator, `cores` for the processor, for all networks together."""

    def __init__(self, cores: int, opener: Opener = open_session) -> None:
        self._opener = opener
        self._lock = threading.Lock()
        self._processor = threading.Semaphore(max(1, cores))
        self._accelerator = threading.Lock()
        self._loaded: dict[tuple[str, str, str], Session] = {}

    def open(self, entry: ModelEntry, settings: Settings, runtime: Literal["auto", "ort", "ncnn"] = "auto") -> Session:
        """Raises SetupError and ModelError."""
        key = (entry.id, entry.sha256, runtime)
        with self._lock:
            if key not in self._loaded:
                self._loaded[key] = self._scheduled(entry, self._opener(entry, settings, runtime))
            return self._loaded[key]

    def unload(self) -> None:
        """Free the memory of all; who still holds one gets a ModelError, who opens one loads it anew."""
        with self._lock:
            loaded, self._loaded = self._loaded, {}
        for session in loaded.values():
            session.close()

    def _scheduled(self, entry: ModelEntry, session: Session) -> Session:
        if not is_accelerated(session):
            return SlottedSession(session, self._processor)
        side = 10 * entry.input.multiple
        most = MOST if takes_batches(session, probe(entry.input.size or (side, side))) else 1
        return BatchingSession(session, self._accelerator, most)
