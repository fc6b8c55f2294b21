"""Items that have not ended. Those that come next have a row already, so that a client holds their ids and can cancel one.

Their result is "pending"; `status` says whether one waits, is at work, or will not be begun. The wish to cancel one is its
`error_type`: whoever runs the job reads it. When an item ends, its row is written anew with the same `test_id`, because readers
follow a job by the rows' ids in the order in which items ended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..ids import new_id
from ..text import storable
from .reading import Reading
from .records import CANCELLED, ItemRow, JobRow, Upcoming

ANNOUNCED = 1000
"""Items of one job that have a row before they end, at most: a job of a million must not begin with a million rows."""
_COLUMNS = (
    "test_id, job, unit, sequence, entity_type, entity_id, entity_filepath, entity_name, action_type, status, created_at, started_at,"
    " result, performers_found, attempt, retries"
)
_ANNOUNCE = (
    f"INSERT INTO processing_tests ({_COLUMNS}) VALUES ({', '.join('?' * (_COLUMNS.count(',') + 1))})"
    " ON CONFLICT (job, unit) DO UPDATE SET status = excluded.status, started_at = excluded.started_at"
    " WHERE processing_tests.result = 'pending' AND processing_tests.error_type IS NULL"
)
_OPEN = "UPDATE processing_tests SET {} WHERE job = ? AND result = 'pending'"


class Announcing(Reading):
    """The part of the ledger that knows of items before they end."""

    def cancel_item(self, test_id: str, reason: str = CANCELLED) -> ItemRow | None:
        """Have an item that has not ended left out, or stopped where it is at work; its job goes on. None for an unknown one."""
        with self.database.write():
            self.database.execute(
                "UPDATE processing_tests SET status = CASE status WHEN 'pending' THEN 'cancelled' ELSE status END, error_type = ?,"
                " error_message = ? WHERE test_id = ? AND result = 'pending' AND status IN ('pending', 'processing')",
                (CANCELLED, reason, test_id),
            )
        return self.item(test_id)

    def unwanted(self, job: int) -> Mapping[str, str]:
        """By unit, why items of the job with that row id that have not ended are to be left out."""
        sql = "SELECT unit, error_message FROM processing_tests WHERE job = ? AND result = 'pending' AND error_type IS NOT NULL"
        return dict(self.database.query(sql, (job,)))

    def _announce(self, job: JobRow, items: Sequence[Upcoming]) -> None:
        now = self.database.now()
        self.database.executemany(_ANNOUNCE, [_row(job, item, now) for item in items])

    def _put_items_back(self, job: int) -> None:
        """Nobody is at work on them any more."""
        status = "status = CASE WHEN error_type IS NULL THEN 'pending' ELSE 'cancelled' END, started_at = NULL"
        self.database.execute(f"{_OPEN.format(status)} AND status = 'processing'", (job,))

    def _leave_items(self, job: int) -> None:
        """Their job ended without them."""
        self.database.execute(_OPEN.format("status = 'cancelled'"), (job,))

    def _reopen_items(self, job: int) -> None:
        """Their job begins anew, with all of them."""
        self.database.execute(_OPEN.format("status = 'pending', started_at = NULL, error_type = NULL, error_message = NULL"), (job,))


def _row(job: JobRow, item: Upcoming, now: float) -> tuple[object, ...]:
    return (
        new_id(now),
        job.id,
        storable(item.unit),
        item.sequence,
        item.entity_type,
        storable(item.entity_id),
        None if item.path is None else storable(item.path),
        None if item.name is None else storable(item.name),
        job.action_type,
        "pending" if item.started_at is None else "processing",
        now,
        item.started_at,
        "pending",
        0,
        job.attempt,
        0,
    )
