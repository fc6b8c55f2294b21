"""What was added to Stash, and what of it was taken back: the rows behind stash.writeback."""

# ruff: noqa: S608 - statements are put together of the code's own names; values are always parameters

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..processing.stores import WriteRow
from .database import Database

_COLUMNS = "id, run, job_id, entity_type, entity_id, field, value, before, why, confidence, state, written_at"


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run as lists show it: `count` rows, of which `undone` were taken back; `names` of the values' first few."""

    run: str
    job_id: str | None
    when: float
    count: int
    undone: int
    performers: tuple[str, ...]


class StashWrites:
    """Implements `stash.writeback.WriteRows`."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def plan(self, run: str, job_id: str | None, writes: Sequence[tuple[str, str, str, str, str | None, str, float | None]]) -> list[int]:
        with self.database.write():
            now = self.database.now()
            names = ("entity_type", "entity_id", "field", "value", "before", "why", "confidence")
            rows = [
                dict(zip(names, write, strict=True)) | {"run": run, "job_id": job_id, "state": "planned", "written_at": now}
                for write in writes
            ]
            return [self.database.insert("stash_writes", row) for row in rows]

    def mark(self, ids: Sequence[int], state: str) -> None:
        with self.database.write():
            undone = self.database.now() if state == "undone" else None
            self.database.executemany(
                "UPDATE stash_writes SET state = ?, undone_at = coalesce(?, undone_at) WHERE id = ?", [(state, undone, i) for i in ids]
            )

    def of_run(self, run: str) -> list[WriteRow]:
        return [WriteRow(*row) for row in self.database.query(f"SELECT {_COLUMNS} FROM stash_writes WHERE run = ? ORDER BY id", (run,))]

    def of_entity(self, entity_type: str, entity_id: str) -> list[WriteRow]:
        """What was added to an entity and not taken back."""
        sql = f"SELECT {_COLUMNS} FROM stash_writes WHERE entity_type = ? AND entity_id = ? AND state <> 'undone' ORDER BY id"
        return [WriteRow(*row) for row in self.database.query(sql, (entity_type, entity_id))]

    def runs(self, limit: int, offset: int = 0) -> list[RunSummary]:
        """The newest first."""
        rows = self.database.query(
            "SELECT run, max(job_id), min(written_at), count(*), sum(CASE WHEN state = 'undone' THEN 1 ELSE 0 END)"
            " FROM stash_writes GROUP BY run ORDER BY min(written_at) DESC, run DESC LIMIT ? OFFSET ?",
            (limit, offset),
        )
        return [RunSummary(str(r[0]), r[1], float(r[2]), int(r[3]), int(r[4]), self._performers(str(r[0]))) for r in rows]

    def newest(self) -> str | None:
        """The run that wrote last and has something left to undo."""
        return self.database.scalar("SELECT run FROM stash_writes WHERE state <> 'undone' ORDER BY id DESC LIMIT 1")  # type: ignore[no-any-return]

    def _performers(self, run: str) -> tuple[str, ...]:
        sql = "SELECT DISTINCT value FROM stash_writes WHERE run = ? AND field = 'performer_ids' LIMIT 5"
        return tuple(str(row[0]) for row in self.database.query(sql, (run,)))
