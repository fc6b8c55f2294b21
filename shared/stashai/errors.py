"""Errors that a person can act on: a stable code, one sentence of what is wrong, one of what to do."""

from __future__ import annotations

from collections.abc import Mapping


class StashAIError(Exception):
    """Base of every expected failure.

    `code` is stable and machine-readable (kebab-case), `message` says what is wrong with the offending value,
    `remedy` says what the user can do about it. `params` are what the two sentences name, so that a page can say them in
    another language by the code.
    """

    code = "error"

    def __init__(self, message: str, *, code: str | None = None, remedy: str = "", params: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.code = code or type(self).code
        self.message = message
        self.remedy = remedy
        self.params = dict(params or {})

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class UsageError(StashAIError):
    """The caller's arguments cannot be used (CLI exit status 2, HTTP 4xx)."""

    code = "usage"


class SetupError(StashAIError):
    """Something that must be there before any work is missing: a model, a dependency, room (CLI exit status 3)."""

    code = "setup"


class MediaError(StashAIError):
    """This one picture or clip cannot be read; other items go on."""

    code = "unreadable-media"


class ModelError(StashAIError):
    """A network cannot be prepared, loaded or run."""

    code = "model"


class StorageError(StashAIError):
    """The database or the data folder refused: full disk, lock, permissions."""

    code = "storage"


class TransientError(StashAIError):
    """A fault that may pass by itself: the runner tries again with back-off and counts it in the row."""

    code = "transient"


class StorageBusyError(StorageError, TransientError):
    """The database is locked by another process, or its server is away for now."""

    code = "storage-busy"


class Cancelled(StashAIError):  # noqa: N818 - an outcome, not a fault
    """The person or the client asked this job to stop."""

    code = "cancelled"


class UnitDeadline(Cancelled):
    """One unit ran past its deadline: it alone stops."""

    code = "deadline"


class UnitCancelled(Cancelled):
    """Somebody asked for this unit to be left out: it alone stops."""


class Paused(Cancelled):
    """The time that this step of the job was given is over; the job goes on later where it is now."""

    code = "paused"


class LeaseLost(StashAIError):  # noqa: N818 - an outcome, not a fault
    """Another process owns this job now; whoever sees this stops without writing anything more."""

    code = "lease-lost"
