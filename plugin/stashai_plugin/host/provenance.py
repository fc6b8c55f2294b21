"""The ledger's rows of writes as write-back and our lists want them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stashai.processing.stores import WriteRow
from stashai.tracking.database import Database
from stashai.tracking.writes import RunRow, Write, Writes


@dataclass(frozen=True, slots=True)
class Provenance:
    """Implements `processing.stores.WriteRows`."""

    rows: Writes

    @classmethod
    def of(cls, database: Database) -> Provenance:
        return cls(Writes(database))

    def plan(self, run: str, job_id: str | None, writes: Sequence[tuple[str, str, str, str, str | None, str, float | None]]) -> list[int]:
        return self.rows.plan(run, [Write(*write) for write in writes], job_id=job_id)

    def mark(self, ids: Sequence[int], state: str) -> None:
        self.rows.mark(ids, "undone" if state == "undone" else "written")

    def of_run(self, run: str) -> list[WriteRow]:
        return [
            WriteRow(
                r.id, r.run, r.job_id, r.entity_type, r.entity_id, r.field, r.value, r.before, r.why, r.confidence, r.state, r.written_at
            )
            for r in self.rows.of_run(run)
        ]

    def added_to(self, entity_type: str, entity_id: str) -> set[str]:
        """Performers that we added to an entity and did not take back."""
        return {row.value for row in self.rows.of_entity(entity_type, entity_id) if row.state in ("planned", "written")}

    def runs(self, limit: int, offset: int, entity: tuple[str, str] | None = None) -> list[RunRow]:
        return self.rows.runs(entity=entity, limit=limit, offset=offset)
