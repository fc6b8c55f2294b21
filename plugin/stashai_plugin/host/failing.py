"""Why a run of a job ended, kept in its row: a fault of the job's is its end, one of the surroundings only interrupts it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stashai.errors import StashAIError, StorageError

from ..request import ReloadError
from ..rows import INTERRUPTED
from ..said import Said, helps
from ..setup.state import SetupNeededError

if TYPE_CHECKING:
    from stashai.tracking.records import Claim

    from .bench import Bench

INTERRUPTING = (
    "stash-unreachable", "stash-login", "orphaned", "worker-unreachable", "worker-token", "worker-version", "not-a-worker", "reload",
)  # fmt: skip
"""Codes of errors after which a job waits for the next run: Stash or the worker stopped under us, or we were replaced, nothing is wrong
with the job."""


def keep_failure(bench: Bench, claim: Claim, error: Exception) -> None:
    """A row that cannot be written now (a full disk) stays as it is, and the next run takes it up."""
    known = error if isinstance(error, StashAIError) else StashAIError(f"{type(error).__name__}: {error}", code="internal")
    if bench.request.was_replaced(error):
        known = ReloadError()
    try:
        if interrupts(known):
            bench.ledger.release(claim, Said(INTERRUPTED, f"Interrupted: {known.message}", {"why": known.code}).kept)
        else:
            bench.ledger.finish(claim, "failed", error=(known.code, known.message, helps(known)))
    except StashAIError as second:
        bench.request.log.warning(str(second))


def interrupts(error: StashAIError) -> bool:
    return error.code in INTERRUPTING or isinstance(error, StorageError | SetupNeededError)
