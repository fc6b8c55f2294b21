"""Rows as they travel between a plugin and a worker: people with their references, faces that were seen in media, and what was
said of them.

Values of JSON in and out; vectors stay the bytes of their rows (base64), so that either side needs nothing but its database.
A face is named on the way by its place, "moment:number" within its medium, because ids are each database's own.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable

from .database import Database
from .exchanged_faces import Json, KeptFace, packed
from .exchanged_people import ExchangedPeople

__all__ = ["Exchange", "KeptFace", "instance_of", "packed"]


def instance_of(database: Database) -> str:
    """A name of this database's own, made once."""
    query = "SELECT text FROM meta WHERE key = 'instance'"
    if database.scalar(query) is None:
        made = secrets.token_hex(12)
        with database.write():
            database.execute("INSERT INTO meta (key, number, text) VALUES ('instance', 0, ?) ON CONFLICT (key) DO NOTHING", (made,))
    return str(database.scalar(query))


class Exchange(ExchangedPeople):
    """All of it; what people said is here."""

    def said(self, fingerprint: str, analysis: str) -> list[Json]:
        """Confirmed and rejected names of a medium's faces, by the person's key and the faces' places."""
        places = self.places(fingerprint, analysis)
        rows = self.database.query(
            "SELECT p.key, d.accepted, d.observations FROM decisions d JOIN people p ON p.id = d.person"
            " WHERE d.fingerprint = ? AND p.source = ? ORDER BY d.id",
            (fingerprint, self._source),
        )
        return [
            {"key": key, "accepted": bool(accepted), "faces": [places[n] for n in json.loads(faces) if n in places]}
            for key, accepted, faces in rows
        ]

    def take_said(self, fingerprint: str, analysis: str, said: Iterable[Json]) -> None:
        """Make what was said of a medium what the other side says."""
        ids = {place: number for number, place in self.places(fingerprint, analysis).items()}
        with self.database.write():
            self.database.execute(
                "DELETE FROM decisions WHERE fingerprint = ? AND person IN (SELECT id FROM people WHERE source = ?)",
                (fingerprint, self._source),
            )
            for word in said:
                person = self._people.find(self._source, word["key"])
                faces = [ids[place] for place in word["faces"] if place in ids]
                if person is not None and faces:
                    values = {"fingerprint": fingerprint, "person": person.id, "accepted": word["accepted"]}
                    self.database.insert("decisions", values | {"observations": json.dumps(faces), "decided_at": self.database.now()})
