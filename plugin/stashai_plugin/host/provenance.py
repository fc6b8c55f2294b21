"""The ledger's rows of writes as write-back and our lists want them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stashai.processing.stores import WriteRow, WriteState
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

    def mark(self, ids: Sequence[int], state: WriteState) -> None:
        self.rows.mark(ids, state)

    def written_as(self, row_id: int, entity_id: str) -> None:
        self.rows.written_as(row_id, entity_id)

    def of_run(self, run: str) -> list[WriteRow]:
        return self.rows.of_run(run)

    def of_entity(self, entity_type: str, entity_id: str) -> list[WriteRow]:
        return self.rows.of_entity(entity_type, entity_id)

    def added_to(self, entity_type: str, entity_id: str) -> set[str]:
        """Performers that we added to an entity and did not take back."""
        return {row.value for row in self.rows.of_entity(entity_type, entity_id) if row.state in ("planned", "written")}

    def taken_back(self, entity_type: str, entity_id: str) -> set[str]:
        """Performers whose last adding to an entity was undone: a limit does not add them again."""
        last: dict[str, str] = {}
        for row in self.rows.of_entity(entity_type, entity_id):
            last.setdefault(row.value, row.state)
        return {performer for performer, state in last.items() if state == "undone"}

    def runs(self, limit: int, offset: int, entity: tuple[str, str] | None = None) -> list[RunRow]:
        return self.rows.runs(entity=entity, limit=limit, offset=offset)
