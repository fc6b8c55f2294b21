"""What users did with which service on which entity: the API's `user_interactions`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .database import Database

_COLUMNS = "entity_type, entity_id, service, action_type, session_id, user_id, timestamp, interaction_metadata"


@dataclass(frozen=True, slots=True)
class Interaction:
    """`metadata` is JSON. `timestamp` None means now, `id` None not yet stored."""

    entity_type: str
    entity_id: str
    service: str
    action_type: str
    session_id: str | None = None
    user_id: str | None = None
    timestamp: float | None = None
    metadata: str | None = None
    id: int | None = None


class Interactions:
    def __init__(self, database: Database) -> None:
        self.database = database

    def track(self, interaction: Interaction) -> int:
        with self.database.write():
            return self._insert(interaction)

    def sync(self, interactions: Sequence[Interaction]) -> list[int]:
        """Store those that are not there yet; a client may send the same ones again. Answers the ids of all, in order."""
        with self.database.write():
            return [self._known(interaction) or self._insert(interaction) for interaction in interactions]

    def get(self, interaction_id: int) -> Interaction | None:
        rows = self.database.query(f"SELECT {_COLUMNS}, id FROM user_interactions WHERE id = ?", (interaction_id,))
        return Interaction(*rows[0]) if rows else None

    def of(self, entity_type: str, entity_id: str, *, limit: int = 100, offset: int = 0) -> list[Interaction]:
        """Those about an entity, the newest first."""
        rows = self.database.query(
            f"SELECT {_COLUMNS}, id FROM user_interactions WHERE entity_type = ? AND entity_id = ?"
            " ORDER BY timestamp DESC, id DESC LIMIT ? OFFSET ?",
            (entity_type, entity_id, limit, offset),
        )
        return [Interaction(*row) for row in rows]

    def _insert(self, interaction: Interaction) -> int:
        # In microseconds, as times are told: one that is sent back is known again.
        when = round(self.database.now() if interaction.timestamp is None else interaction.timestamp, 6)
        return self.database.insert(
            "user_interactions",
            {
                "entity_type": interaction.entity_type,
                "entity_id": interaction.entity_id,
                "service": interaction.service,
                "action_type": interaction.action_type,
                "session_id": interaction.session_id,
                "user_id": interaction.user_id,
                "timestamp": when,
                "interaction_metadata": interaction.metadata,
            },
        )

    def _known(self, interaction: Interaction) -> int | None:
        if interaction.timestamp is None:
            return None
        found = self.database.scalar(
            "SELECT id FROM user_interactions WHERE entity_type = ? AND entity_id = ? AND timestamp = ? AND service = ? AND action_type = ?"
            " AND coalesce(session_id, '') = ? AND coalesce(user_id, '') = ?",
            (
                interaction.entity_type,
                interaction.entity_id,
                round(interaction.timestamp, 6),
                interaction.service,
                interaction.action_type,
                interaction.session_id or "",
                interaction.user_id or "",
            ),
        )
        return None if found is None else int(found)
