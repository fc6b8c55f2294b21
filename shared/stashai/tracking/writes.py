"""What was written to Stash, and by which run: the row comes before the write, so that undo knows of it whatever happens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..processing.stores import WriteRow, WriteState
from .database import Database

_COLUMNS = "id, run, job_id, entity_type, entity_id, field, value, before, why, confidence, state, written_at, undone_at"


@dataclass(frozen=True, slots=True)
class Write:
    """One thing to add: `value` (an id) to `field` of an entity; `before` is what was there (JSON), `why` what led to it."""

    entity_type: str
    entity_id: str
    field: str
    value: str
    before: str | None = None
    why: str = ""
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class RunRow:
    """What one run wrote, together. `undone` counts those taken back."""

    run: str
    job_id: str | None
    began: float
    ended: float
    writes: int
    undone: int
    entities: int


class Writes:
    def __init__(self, database: Database) -> None:
        self.database = database

    def plan(self, run: str, writes: Sequence[Write], *, job_id: str | None = None) -> list[int]:
        """Record what is about to be written. Answers the rows' ids, in order."""
        with self.database.write():
            return [self._insert(run, write, job_id) for write in writes]

    def mark(self, ids: Sequence[int], state: WriteState) -> None:
        """Say what became of writes."""
        when = self.database.now() if state == "undone" else None
        with self.database.write():
            self.database.executemany(
                "UPDATE stash_writes SET state = ?, undone_at = coalesce(?, undone_at) WHERE id = ?", [(state, when, row) for row in ids]
            )

    def written_as(self, row: int, entity_id: str) -> None:
        """What was to be made is there, under this id."""
        with self.database.write():
            self.database.execute("UPDATE stash_writes SET entity_id = ?, state = 'written' WHERE id = ?", (entity_id, row))

    def of_run(self, run: str) -> list[WriteRow]:
        """In the order in which they were written."""
        return self._rows("run = ? ORDER BY id", (run,))

    def of_entity(self, entity_type: str, entity_id: str) -> list[WriteRow]:
        """The newest first."""
        return self._rows("entity_type = ? AND entity_id = ? ORDER BY id DESC", (entity_type, entity_id))

    def runs(self, *, entity: tuple[str, str] | None = None, limit: int = 50, offset: int = 0) -> list[RunRow]:
        """The newest first; with `entity` (type, id) those that wrote something there, counted as a whole."""
        rows = self.database.query(
            "SELECT run, max(job_id), min(written_at), max(written_at), count(CASE WHEN state <> 'failed' THEN 1 END),"
            " count(CASE WHEN state = 'undone' THEN 1 END), count(DISTINCT entity_type || ':' || entity_id) FROM stash_writes"
            " WHERE run IN (SELECT run FROM stash_writes WHERE entity_type LIKE ? AND entity_id LIKE ?)"
            " GROUP BY run HAVING count(CASE WHEN state <> 'failed' THEN 1 END) > 0 ORDER BY max(id) DESC LIMIT ? OFFSET ?",
            (*(entity or ("%", "%")), limit, offset),
        )
        return [RunRow(*row) for row in rows]

    def _rows(self, where: str, params: Sequence[object]) -> list[WriteRow]:
        return [WriteRow(*row) for row in self.database.query(f"SELECT {_COLUMNS} FROM stash_writes WHERE {where}", params)]

    def _insert(self, run: str, write: Write, job_id: str | None) -> int:
        return self.database.insert(
            "stash_writes",
            {
                "run": run,
                "job_id": job_id,
                "entity_type": write.entity_type,
                "entity_id": write.entity_id,
                "field": write.field,
                "value": write.value,
                "before": write.before,
                "why": write.why,
                "confidence": write.confidence,
                "state": "planned",
                "written_at": self.database.now(),
            },
        )
