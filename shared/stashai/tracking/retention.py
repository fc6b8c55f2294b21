"""Forgetting old work: jobs that ended long ago go with all their items; nothing of them stays behind."""

from __future__ import annotations

from dataclasses import dataclass

from .records import ENDED
from .revising import Revising

_AT_ONCE = 200
"""Jobs deleted in one transaction, so that nobody waits long for the database."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What was deleted, or would be."""

    jobs: int
    items: int
    interactions: int


class Keeping(Revising):
    """The part of the ledger that throws away."""

    def clean(self, days_old: float, *, dry_run: bool = False) -> Cleaned:
        """Delete jobs that ended at least `days_old` days ago, their items, and interactions of that age. A job with children
        that have not ended stays. What undo needs (the writes to Stash) stays."""
        limit = self.database.now() - days_old * 86400
        jobs = self._old(limit)
        items = sum(self._items_of_rows(jobs[start : start + _AT_ONCE]) for start in range(0, len(jobs), _AT_ONCE))
        interactions = int(self.database.scalar("SELECT count(*) FROM user_interactions WHERE timestamp < ?", (limit,)))
        if not dry_run:
            for start in range(0, len(jobs), _AT_ONCE):
                self._delete(jobs[start : start + _AT_ONCE])
            with self.database.write():
                self.database.execute("DELETE FROM user_interactions WHERE timestamp < ?", (limit,))
        return Cleaned(len(jobs), items, interactions)

    def _old(self, limit: float) -> list[int]:
        marks = ", ".join("?" * len(ENDED))
        rows = self.database.query(
            f"SELECT id FROM processing_jobs WHERE status IN ({marks}) AND coalesce(completed_at, created_at) <= ?"
            " AND NOT EXISTS (SELECT 1 FROM processing_jobs child WHERE child.parent = processing_jobs.id"
            f" AND child.status NOT IN ({marks}))"
            " ORDER BY id",
            (*ENDED, limit, *ENDED),
        )
        return [row[0] for row in rows]

    def _items_of_rows(self, jobs: list[int]) -> int:
        marks = ", ".join("?" * len(jobs))
        return int(self.database.scalar(f"SELECT count(*) FROM processing_tests WHERE job IN ({marks})", jobs))

    def _delete(self, jobs: list[int]) -> None:
        with self.database.write():
            self.database.execute(f"DELETE FROM processing_jobs WHERE id IN ({', '.join('?' * len(jobs))})", jobs)
