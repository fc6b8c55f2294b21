"""Everybody known, and the faces that they are known by."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ..processing.stores import Person, Reference, SourceFile
from .database import Database
from .forgetting import forget, mark, wipe
from .vectors import to_bytes, vector_of

if TYPE_CHECKING:
    from ..vision.faces import Vector

LENT = "lent:"
"""What the sources of people begin with whom another worker lent to this one: they are matched in its looks alone."""
_OWN = f"substr(p.source, 1, {len(LENT)}) <> '{LENT}'"
_PERSON = "SELECT p.id, p.name, p.source, p.key, p.stamp FROM people p"
_OF_ORIGIN = (
    "(EXISTS (SELECT 1 FROM reference_faces r WHERE r.person = p.id AND r.origin = ?)"
    " OR EXISTS (SELECT 1 FROM source_files s WHERE s.person = p.id AND s.origin = ?))"
)
_REFERENCES = (
    "SELECT r.id, r.person, r.origin, r.path, r.fingerprint, r.quality, r.x, r.y, r.width, r.height, r.crop, r.usable, r.reason,"
    " r.confirmed, e.model, e.vector FROM reference_faces r LEFT JOIN reference_embeddings e ON e.reference = r.id"
)
_LACKING = (
    "FROM reference_faces r JOIN people p ON p.id = r.person WHERE r.usable AND p.source = ? AND NOT EXISTS "
    "(SELECT 1 FROM reference_embeddings e WHERE e.reference = r.id AND e.model = ?)"
)
_INSERT_EMBEDDING = (
    "INSERT INTO reference_embeddings (reference, model, vector) VALUES (?, ?, ?)"
    " ON CONFLICT (reference, model) DO UPDATE SET vector = excluded.vector"
)


@dataclass(frozen=True, slots=True)
class KnownBy:
    """A reference by where it is from; `vector` is None where the model has not seen it."""

    path: str
    fingerprint: str
    usable: bool
    vector: bytes | None


class People:
    """Implements `processing.stores.PeopleStore`; the command line and the plugin use the rest, too."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def version(self) -> int:
        return int(self.database.scalar("SELECT number FROM meta WHERE key = 'people'") or 0)

    # People

    def ensure(self, name: str, source: str, key: str, *, revive: bool = False) -> Person | None:
        known = self.find(source, key)
        if known is not None:
            return known
        with self.database.write():
            if self.is_forgotten(source, key):
                if not revive:
                    return None
                self.allow(source, key)
            self.database.execute(
                "INSERT INTO people (name, source, key, created_at) VALUES (?, ?, ?, ?) ON CONFLICT (source, key) DO NOTHING",
                (name, source, key, self.database.now()),
            )
            changed(self.database)
            return self.find(source, key)

    def find(self, source: str, key: str) -> Person | None:
        merged = "p.id = (SELECT m.person FROM merged m WHERE m.source = ? AND m.key = ?)"
        return self._one("p.source = ? AND p.key = ?", (source, key)) or self._one(merged, (source, key))

    def person(self, person_id: int) -> Person | None:
        return self._one("p.id = ?", (person_id,))

    def named(self, name: str) -> list[Person]:
        """Those of that very name."""
        return self._people("WHERE p.name = ? ORDER BY p.id", (name,))

    def people(self, *, origin: str | None = None) -> list[Person]:
        if origin is None:
            return self._people(f"WHERE {_OWN} ORDER BY p.name, p.id", ())
        return self._people(f"WHERE {_OF_ORIGIN} ORDER BY p.name, p.id", (origin, origin))

    def of_source(self, source: str) -> list[Person]:
        return self._people("WHERE p.source = ? ORDER BY p.id", (source,))

    def rename(self, person_id: int, name: str) -> None:
        with self.database.write():
            self._known(person_id)
            self.database.execute("UPDATE people SET name = ? WHERE id = ?", (name, person_id))
            changed(self.database)

    def merge(self, person_id: int, into: int) -> None:
        """Give all that `person_id` is known by to `into`, also what will be learned from the same place later."""
        if person_id == into:
            raise UsageError("A person cannot be merged into themselves.", code="same-person")
        with self.database.write():
            gone = self._known(person_id)
            self._known(into)
            for table in ("reference_faces", "source_files", "decisions", "merged"):
                self.database.execute(f"UPDATE {table} SET person = ? WHERE person = ?", (into, person_id))
            self.database.execute("DELETE FROM people WHERE id = ?", (person_id,))
            self.database.execute("INSERT INTO merged (source, key, person) VALUES (?, ?, ?)", (gone.source, gone.key, into))
            changed(self.database, into)

    def forget(self, person_id: int) -> list[str]:
        with self.database.write():
            person = self._known(person_id)
            crops = forget(self.database, person)
            changed(self.database)
        self.database.empty_log()
        return crops

    def forgotten(self) -> list[tuple[str, str, float]]:
        """(source, key, when) of those who must not be learned again by themselves; a key is a mark after a wipe."""
        return [
            (row[0], row[1], row[2]) for row in self.database.query("SELECT source, key, forgotten_at FROM forgotten ORDER BY source, key")
        ]

    def is_forgotten(self, source: str, key: str) -> bool:
        if self.database.scalar("SELECT 1 FROM forgotten WHERE source = ?", (source,)) is None:
            return False
        asked = (source, key, mark(self.database, key))
        return self.database.scalar("SELECT 1 FROM forgotten WHERE source = ? AND key IN (?, ?)", asked) is not None

    def allow(self, source: str, key: str) -> None:
        """Let somebody forgotten be learned again."""
        with self.database.write():
            self.database.execute("DELETE FROM forgotten WHERE source = ? AND key IN (?, ?)", (source, key, mark(self.database, key)))

    def wipe(self) -> None:
        with self.database.write():
            wipe(self.database)
            changed(self.database)
        self.database.shred()

    # References

    def references(self, *, origin: str | None = None, person_id: int | None = None) -> list[Reference]:
        conditions: list[str] = []
        params: list[object] = []
        if origin is not None:
            of_origin = _OF_ORIGIN.replace("p.id", "people.id")
            conditions.append(f"(r.origin = ? OR (r.confirmed AND r.person IN (SELECT id FROM people WHERE {of_origin})))")
            params += [origin, origin, origin]
        if person_id is not None:
            conditions.append("r.person = ?")
            params.append(person_id)
        if origin is None and person_id is None:
            conditions.append(f"r.person IN (SELECT p.id FROM people p WHERE {_OWN})")
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        return _gathered(self.database.query(f"{_REFERENCES}{where} ORDER BY r.id", params))

    def counts(self) -> dict[int, int]:
        """Usable references by person, without reading a vector."""
        return dict(self.database.query("SELECT person, count(*) FROM reference_faces WHERE usable GROUP BY person"))

    def confirmed(self, person_id: int) -> list[tuple[str, int]]:
        """(path, id) of what a person confirmed somebody by."""
        query = "SELECT path, id FROM reference_faces WHERE person = ? AND confirmed"
        return [(row[0], row[1]) for row in self.database.query(query, (person_id,))]

    def without_vector(self, model: str, source: str) -> list[tuple[int, str]]:
        """(id, crop) of the usable references of that source's people that `model` has not seen."""
        return [(row[0], row[1]) for row in self.database.query(f"SELECT r.id, r.crop {_LACKING} ORDER BY r.id", (source, model))]

    def known_by(self, person_id: int, model: str) -> list[KnownBy]:
        """What somebody is known by, with its vector by that model: readable without numpy."""
        query = (
            "SELECT r.path, r.fingerprint, r.usable, e.vector FROM reference_faces r LEFT JOIN reference_embeddings e"
            " ON e.reference = r.id AND e.model = ? WHERE r.person = ? ORDER BY r.id"
        )
        rows = self.database.query(query, (model, person_id))
        return [KnownBy(path, fingerprint, bool(usable), vector and bytes(vector)) for path, fingerprint, usable, vector in rows]

    def best_crop(self, person_id: int) -> str:
        """The crop of the best face that somebody is known by."""
        query = "SELECT crop FROM reference_faces WHERE person = ? AND usable ORDER BY quality DESC, id LIMIT 1"
        return str(self.database.scalar(query, (person_id,)))

    def lacking(self, model: str, source: str) -> int:
        """How many `without_vector` there are."""
        return int(self.database.scalar(f"SELECT count(*) {_LACKING}", (source, model)))

    def add_reference(self, reference: Reference) -> int:
        with self.database.write():
            reference.id = self._insert(reference)
            changed(self.database, reference.person_id)
            return reference.id

    def set_embedding(self, reference_id: int, model: str, vector: Vector | bytes) -> None:
        with self.database.write():
            self.database.execute(_INSERT_EMBEDDING, (reference_id, model, to_bytes(vector)))
            changed(self.database, self._person_of(reference_id))

    def set_usable(self, reference_id: int, usable: bool, reason: str | None) -> None:
        with self.database.write():
            self.database.execute("UPDATE reference_faces SET usable = ?, reason = ? WHERE id = ?", (usable, reason, reference_id))
            changed(self.database, self._person_of(reference_id))

    # Sources

    def sources(self, *, origin: str | None = None, person_id: int | None = None) -> list[SourceFile]:
        rows = self.database.query(
            "SELECT origin, person, path, fingerprint, detector, outcome, message FROM source_files"
            " WHERE origin = coalesce(?, origin) AND person = coalesce(?, person) ORDER BY path",
            (origin, person_id),
        )
        return [SourceFile(*row) for row in rows]

    def record_source(self, source: SourceFile, references: Sequence[Reference]) -> None:
        with self.database.write():
            self._drop_unconfirmed(source.origin, source.path)
            self.database.execute(
                "INSERT INTO source_files (origin, path, person, fingerprint, detector, outcome, message, looked_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (origin, path) DO UPDATE SET person = excluded.person,"
                " fingerprint = excluded.fingerprint, detector = excluded.detector, outcome = excluded.outcome,"
                " message = excluded.message, looked_at = excluded.looked_at",
                (
                    source.origin,
                    source.path,
                    source.person_id,
                    source.fingerprint,
                    source.detector,
                    source.outcome,
                    source.message,
                    self.database.now(),
                ),
            )
            for reference in references:
                reference.id = self._insert(reference)
            changed(self.database, source.person_id)

    def remove_source(self, origin: str, path: str) -> None:
        with self.database.write():
            self._drop_unconfirmed(origin, path)
            self.database.execute("DELETE FROM source_files WHERE origin = ? AND path = ?", (origin, path))
            changed(self.database)

    def _person_of(self, reference_id: int) -> int:
        return int(self.database.scalar("SELECT person FROM reference_faces WHERE id = ?", (reference_id,)) or 0)

    def _drop_unconfirmed(self, origin: str, path: str) -> None:
        """Of whoever was known by that picture."""
        for (person,) in self.database.query("SELECT DISTINCT person FROM reference_faces WHERE origin = ? AND path = ?", (origin, path)):
            changed(self.database, person)
        self.database.execute("DELETE FROM reference_faces WHERE origin = ? AND path = ? AND NOT confirmed", (origin, path))

    def _insert(self, reference: Reference) -> int:
        self._known(reference.person_id)
        x, y, width, height = (float(side) for side in reference.box)
        row = self.database.insert(
            "reference_faces",
            {
                "person": reference.person_id,
                "origin": reference.origin,
                "path": reference.path,
                "fingerprint": reference.fingerprint,
                "quality": float(reference.quality),
                "x": x,
                "y": y,
                "width": width,
                "height": height,
                "crop": reference.crop,
                "usable": reference.usable,
                "reason": reference.reason,
                "confirmed": reference.confirmed,
                "created_at": self.database.now(),
            },
        )
        for model, vector in reference.embeddings.items():
            self.database.execute(_INSERT_EMBEDDING, (row, model, to_bytes(vector)))
        return row

    def _known(self, person_id: int) -> Person:
        person = self.person(person_id)
        if person is None:
            raise UsageError(f"Nobody has the id {person_id}.", code="unknown-person")
        return person

    def _one(self, where: str, params: Sequence[object]) -> Person | None:
        found = self._people(f"WHERE {where}", params)
        return found[0] if found else None

    def _people(self, where: str, params: Sequence[object]) -> list[Person]:
        return [Person(*row) for row in self.database.query(f"{_PERSON} {where}", params)]


def changed(database: Database, person: int | None = None) -> None:
    """Count a change of people, references or decisions, within the transaction that makes it; `person` is who is known by something
    else now. A stamp is no count: ids come again after somebody was deleted, and databases out of backups."""
    if person is not None:
        database.execute("UPDATE people SET stamp = ? WHERE id = ?", (secrets.randbits(62), person))
    database.execute("INSERT INTO meta (key, number) VALUES ('people', 1) ON CONFLICT (key) DO UPDATE SET number = meta.number + 1")


def _gathered(rows: Sequence[tuple[Any, ...]]) -> list[Reference]:
    """One reference of each run of rows with the same id; a row brings one embedding."""
    references: list[Reference] = []
    last = -1
    for row in rows:
        if row[0] != last:
            last = row[0]
            references.append(
                Reference(
                    row[1],
                    row[2],
                    row[3],
                    row[4],
                    row[5],
                    (row[6], row[7], row[8], row[9]),
                    row[10],
                    {},
                    bool(row[11]),
                    row[12],
                    bool(row[13]),
                    last,
                )
            )
        if row[14] is not None:
            references[-1].embeddings[row[14]] = vector_of(row[15])
    return references
