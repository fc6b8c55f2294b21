"""What people said of shown names. A later word about the same faces replaces an earlier one."""

from __future__ import annotations

import json

from ..errors import UsageError
from ..processing.stores import Decision
from .database import Database
from .people import changed


class Decisions:
    """Implements `processing.stores.DecisionStore`."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def decisions(self, fingerprint: str) -> list[Decision]:
        rows = self.database.query("SELECT person, accepted, observations FROM decisions WHERE fingerprint = ? ORDER BY id", (fingerprint,))
        return [Decision(fingerprint, row[0], bool(row[1]), tuple(json.loads(row[2]))) for row in rows]

    def record(self, decision: Decision) -> None:
        with self.database.write():
            if self.database.scalar("SELECT 1 FROM people WHERE id = ?", (decision.person_id,)) is None:
                raise UsageError(f"Nobody has the id {decision.person_id} any more.", code="unknown-person", remedy="Identify it again.")
            self._replace(decision)
            self.database.insert(
                "decisions",
                {
                    "fingerprint": decision.fingerprint,
                    "person": decision.person_id,
                    "accepted": decision.accepted,
                    "observations": json.dumps(list(decision.observation_ids)),
                    "decided_at": self.database.now(),
                },
            )
            changed(self.database)

    def retract(self, decision: Decision) -> None:
        """Take back what was said of these faces and this person."""
        with self.database.write():
            self._replace(decision)
            changed(self.database)

    def _replace(self, decision: Decision) -> None:
        """Earlier words about these faces lose them: on this person any, on another one those that accepted."""
        said = set(decision.observation_ids)
        rows = self.database.query(
            "SELECT id, person, accepted, observations FROM decisions WHERE fingerprint = ?", (decision.fingerprint,)
        )
        for row, person, accepted, observations in rows:
            kept = [known for known in json.loads(observations) if known not in said]
            contradicted = person == decision.person_id or (accepted and decision.accepted)
            if not contradicted or (said and len(kept) == len(json.loads(observations))):
                continue
            if kept and said:
                self.database.execute("UPDATE decisions SET observations = ? WHERE id = ?", (json.dumps(kept), row))
            else:
                self.database.execute("DELETE FROM decisions WHERE id = ?", (row,))
