"""Reading jobs and items."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..clock import Clock
from ..text import storable
from .database import Database
from .owner import Processes, SystemProcesses
from .records import ITEM_COLUMNS, JOB_COLUMNS, ItemRow, JobRow

JOBS = "SELECT " + ", ".join(JOB_COLUMNS) + " FROM processing_jobs"
ITEMS = "SELECT " + ", ".join(ITEM_COLUMNS) + " FROM processing_tests"
_HAVE_ENDED = "result <> 'pending'"
_PAGE = 500
LEASE = 60.0
"""Seconds that a claim holds without a sign of life."""


class Reading:
    """The part of the ledger that changes nothing."""

    def __init__(self, database: Database, processes: Processes | None = None, *, lease: float = LEASE) -> None:
        self.database = database
        self.processes = processes or SystemProcesses()
        self.lease = lease

    @property
    def clock(self) -> Clock:
        return self.database.clock

    def job(self, job_id: str) -> JobRow | None:
        return self._job("job_id = ?", (job_id,))

    def job_by_key(self, idempotency_key: str) -> JobRow | None:
        return self._job("idempotency_key = ?", (idempotency_key,))

    def unfinished(self, request_hash: str) -> JobRow | None:
        """The oldest job of an equal request that has not ended."""
        where = "request_hash = ? AND status IN ('pending', 'processing') ORDER BY created_at, id LIMIT 1"
        return self._job(where, (request_hash,))

    def last_run(self, entity_type: str, entity_id: str, action_type: str | None = None) -> JobRow | None:
        """The newest job about an entity, as the job's own or as one of its items."""
        own = self.jobs(entity=(entity_type, entity_id), action_type=action_type, limit=1)
        items = self.items_of(entity_type, entity_id, limit=1)
        batch = self._job("id = ?", (items[0].job,)) if items else None
        found = [job for job in (*own, batch) if job is not None and action_type in (None, job.action_type)]
        return max(found, key=lambda job: (job.created_at, job.id), default=None)

    def jobs(
        self,
        *,
        status: Sequence[str] = (),
        entity: tuple[str | None, str | None] | None = None,
        action_type: str | None = None,
        processor: str | None = None,
        client_id: str | None = None,
        changed_since: float | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[JobRow]:
        """The newest first. Either half of `entity`, its type and its id, may be None."""
        where, params = _where(status, entity, action_type, processor, client_id, changed_since)
        sql = f"{JOBS} {where} ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?"
        return [JobRow(*row) for row in self.database.query(sql, (*params, limit, offset))]

    def count(
        self,
        *,
        status: Sequence[str] = (),
        entity: tuple[str | None, str | None] | None = None,
        action_type: str | None = None,
        processor: str | None = None,
        client_id: str | None = None,
    ) -> int:
        where, params = _where(status, entity, action_type, processor, client_id, None)
        return int(self.database.scalar(f"SELECT count(*) FROM processing_jobs {where}", params))

    def waiting(self, limit: int = 100) -> list[JobRow]:
        """Pending jobs that a worker may take, in the order in which it should: by priority, then the oldest first."""
        sql = f"{JOBS} WHERE status = 'pending' AND run_policy <> 'steps' ORDER BY priority, created_at, id LIMIT ?"
        return [JobRow(*row) for row in self.database.query(sql, (limit,))]

    def children(self, job_id: str) -> list[JobRow]:
        sql = f"{JOBS} WHERE parent = (SELECT id FROM processing_jobs WHERE job_id = ?) ORDER BY id"
        return [JobRow(*row) for row in self.database.query(sql, (job_id,))]

    def item(self, test_id: str) -> ItemRow | None:
        rows = self.database.query(f"{ITEMS} WHERE test_id = ?", (test_id,))
        return ItemRow(*rows[0]) if rows else None

    def job_of(self, item: ItemRow) -> JobRow | None:
        return self._job("id = ?", (item.job,))

    def items(self, job_id: str, *, limit: int = 1000, offset: int = 0, result: str | None = None) -> list[ItemRow]:
        """A page of a job's items in the order of its units, those that have not ended included."""
        condition, extra = (" AND result = ?", (result,)) if result else ("", ())
        sql = f"{ITEMS} WHERE job = (SELECT id FROM processing_jobs WHERE job_id = ?){condition} ORDER BY sequence, id LIMIT ? OFFSET ?"
        return [ItemRow(*row) for row in self.database.query(sql, (job_id, *extra, limit, offset))]

    def item_count(self, job_id: str, *, ended: bool = False) -> int:
        """How many items of a job have rows, or have ended."""
        which = f" AND {_HAVE_ENDED}" if ended else ""
        sql = f"SELECT count(*) FROM processing_tests WHERE job = (SELECT id FROM processing_jobs WHERE job_id = ?){which}"
        return int(self.database.scalar(sql, (job_id,)))

    def items_after(self, job_id: str, cursor: int = 0, limit: int = 1000) -> list[ItemRow]:
        """Items with an `id` above `cursor`, in the order in which they ended: for readers that follow a running job."""
        sql = f"{ITEMS} WHERE job = (SELECT id FROM processing_jobs WHERE job_id = ?) AND id > ? AND {_HAVE_ENDED} ORDER BY id LIMIT ?"
        return [ItemRow(*row) for row in self.database.query(sql, (job_id, cursor, limit))]

    def all_items(self, job_id: str) -> Iterator[ItemRow]:
        """Every item of a job that ended, in the order of its units, a page at a time, so that a million do not lie in memory."""
        head = self.database.scalar("SELECT id FROM processing_jobs WHERE job_id = ?", (job_id,))
        last = (-1, 0)
        while head is not None:
            rows = self.database.query(
                f"{ITEMS} WHERE job = ? AND {_HAVE_ENDED} AND (sequence, id) > (?, ?) ORDER BY sequence, id LIMIT ?",
                (head, *last, _PAGE),
            )
            yield from (ItemRow(*row) for row in rows)
            if len(rows) < _PAGE:
                return
            last = (rows[-1][4], rows[-1][0])

    def items_of(self, entity_type: str, entity_id: str, *, limit: int, processors: Sequence[str] = ()) -> list[ItemRow]:
        """The items about an entity that ended last, of any job or of those services' alone: another one's answer is of another kind."""
        marks = ", ".join("?" * len(processors))
        by = f" AND job IN (SELECT id FROM processing_jobs WHERE processor IN ({marks}))" if processors else ""
        sql = f"{ITEMS} WHERE entity_type = ? AND entity_id = ? AND {_HAVE_ENDED}{by} ORDER BY completed_at DESC, id DESC LIMIT ?"
        return [ItemRow(*row) for row in self.database.query(sql, (entity_type, entity_id, *processors, limit))]

    def is_done(self, job: int, unit: str) -> bool:
        """Whether the job with that row id has an item of that unit that ended."""
        sql = f"SELECT 1 FROM processing_tests WHERE job = ? AND unit = ? AND {_HAVE_ENDED}"
        return self.database.scalar(sql, (job, storable(unit))) is not None

    def is_abandoned(self, job: JobRow) -> bool:
        """True for a job that is said to be processed while nobody can be at work on it any more."""
        if job.status != "processing":
            return False
        expired = job.lease_until is None or job.lease_until < self.database.now()
        return expired or (job.owner is not None and self.processes.is_gone(job.owner))

    def _change(self, job: JobRow, values: Mapping[str, object]) -> bool:
        """Change a job's row if it is still as it was read: the same attempt, the same status, no sign of life since."""
        where = "id = ? AND attempt = ? AND status = ? AND coalesce(lease_until, 0) = ?"
        fence = (job.id, job.attempt, job.status, job.lease_until or 0)
        return self.database.update("processing_jobs", {**values, "updated_at": self.database.now()}, where, fence) == 1

    def _job(self, where: str, params: Sequence[object]) -> JobRow | None:
        found = self._jobs(where, params)
        return found[0] if found else None

    def _jobs(self, where: str, params: Sequence[object]) -> list[JobRow]:
        return [JobRow(*row) for row in self.database.query(f"{JOBS} WHERE {where}", params)]


def _where(
    status: Sequence[str],
    entity: tuple[str | None, str | None] | None,
    action_type: str | None,
    processor: str | None,
    client_id: str | None,
    changed_since: float | None,
) -> tuple[str, tuple[Any, ...]]:
    parts: list[tuple[str, tuple[Any, ...]]] = []
    if status:
        parts.append((f"status IN ({','.join('?' * len(status))})", tuple(status)))
    kind, entity_id = entity or (None, None)
    equal = {"entity_type": kind, "entity_id": entity_id, "action_type": action_type, "processor": processor, "client_id": client_id}
    parts += [(f"{column} = ?", (value,)) for column, value in equal.items() if value is not None]
    if changed_since is not None:
        parts.append(("updated_at >= ?", (changed_since,)))
    sql = " AND ".join(condition for condition, _ in parts)
    return (f"WHERE {sql}" if sql else ""), tuple(value for _, values in parts for value in values)
