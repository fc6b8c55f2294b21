"""People with their references, as they travel from a plugin to a worker."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from .exchanged_faces import ExchangedFaces, Json, packed
from .people import changed

_REFERENCE = ("path", "crop", "fingerprint", "quality", "x", "y", "width", "height", "usable", "reason", "confirmed")


class ExchangedPeople(ExchangedFaces):
    def marks(self) -> dict[str, Json]:
        """By person's key: `rows`, equal where name and references are equal, and `vectors`, how many there are by model."""
        columns = ", ".join(f"r.{name}" for name in _REFERENCE)
        rows = self.database.query(
            f"SELECT p.key, p.name, {columns} FROM people p JOIN reference_faces r ON r.person = p.id"
            " WHERE p.source = ? ORDER BY p.key, r.path, r.crop",
            (self._source,),
        )
        hashes: dict[str, Any] = {}
        for key, name, *values in rows:
            if key not in hashes:
                hashes[key] = hashlib.sha256(name.encode())
            hashes[key].update(json.dumps(_plain(dict(zip(_REFERENCE, values, strict=True)))).encode())
        marks: dict[str, Json] = {key: {"rows": found.hexdigest()[:20], "vectors": {}} for key, found in hashes.items()}
        for key, model, count in self.database.query(
            "SELECT p.key, e.model, count(*) FROM people p JOIN reference_faces r ON r.person = p.id"
            " JOIN reference_embeddings e ON e.reference = r.id WHERE p.source = ? GROUP BY p.key, e.model",
            (self._source,),
        ):
            marks[key]["vectors"][model] = count
        return marks

    def wanted(self, theirs: Mapping[str, Json]) -> list[str]:
        """Whose rows the other side has newer, or with vectors that are lacking here."""
        ours = self.marks()
        nothing: Json = {"rows": "", "vectors": {}}
        return [
            key
            for key, mark in theirs.items()
            if ours.get(key, nothing)["rows"] != mark["rows"]
            or any(ours.get(key, nothing)["vectors"].get(model, 0) < count for model, count in mark["vectors"].items())
        ]

    def people(self, keys: Iterable[str], chip: Callable[[str], bytes | None]) -> list[Json]:
        """Those people whole: references with vectors and the kept crops, as `take_people` wants them."""
        found = []
        for key in keys:
            person = self._people.find(self._source, key)
            if person is not None:
                found.append({"key": key, "name": person.name, "references": self._references(person.id, chip)})
        return found

    def _references(self, person_id: int, chip: Callable[[str], bytes | None]) -> list[Json]:
        columns = ", ".join(_REFERENCE)
        query = f"SELECT id, {columns} FROM reference_faces WHERE person = ? ORDER BY id"
        references = []
        for number, *values in self.database.query(query, (person_id,)):
            row = _plain(dict(zip(_REFERENCE, values, strict=True)))
            vectors = self.database.query("SELECT model, vector FROM reference_embeddings WHERE reference = ?", (number,))
            image = chip(row["crop"])
            references.append(
                row | {"vectors": {model: packed(vector) for model, vector in vectors}, "chip": packed(image) if image else None}
            )
        return references

    def take_people(self, people: Iterable[Json], keep: Callable[[bytes], str]) -> None:
        """Make these people's rows what the other side says. `keep` stores a crop."""
        for person in people:
            with self.database.write():
                known = self._people.ensure(person["name"], self._source, person["key"], revive=True)
                assert known is not None  # noqa: S101 - revived
                if known.name != person["name"]:
                    self._people.rename(known.id, person["name"])
                self._take_references(known.id, person["references"], keep)
                changed(self.database, known.id)

    def _take_references(self, person_id: int, references: Sequence[Json], keep: Callable[[bytes], str]) -> None:
        wanted = {(row["path"], row["crop"]) for row in references}
        known: dict[tuple[str, str], int] = {}
        for number, path, crop in self.database.query("SELECT id, path, crop FROM reference_faces WHERE person = ?", (person_id,)):
            if (path, crop) in wanted:
                known[path, crop] = number
            else:
                self.database.execute("DELETE FROM reference_faces WHERE id = ?", (number,))
        for row in references:
            values = {name: row[name] for name in _REFERENCE}
            number = known.get((row["path"], row["crop"]), 0)
            if number:
                self.database.update("reference_faces", values, "id = ?", (number,))
            else:
                fixed = {"person": person_id, "origin": self._source, "created_at": self.database.now()}
                number = self.database.insert("reference_faces", fixed | values)
            if row["chip"]:
                keep(b64decode(row["chip"]))
            self._take_vectors("reference_embeddings", "reference", number, row["vectors"])

    def retain(self, keys: Collection[str]) -> list[str]:
        """Forget those whom the other side does not name; answers the keys of crops to delete."""
        if not keys:
            return self._wiped()
        crops: list[str] = []
        for person in self._people.of_source(self._source):
            if person.key not in keys:
                crops += self._people.forget(person.id)
        return crops

    def _wiped(self) -> list[str]:
        """Everybody at once, with all that jobs of theirs found."""
        ours = "SELECT id FROM people WHERE source = ?"
        with self.database.write():
            query = f"SELECT DISTINCT crop FROM reference_faces WHERE person IN ({ours})"
            crops = [row[0] for row in self.database.query(query, (self._source,))]
            jobs = "SELECT id FROM processing_jobs WHERE client_id = ?"
            self.database.execute(
                f"UPDATE processing_tests SET response_data = NULL, confidence_scores = NULL, entity_name = NULL WHERE job IN ({jobs})",
                (self._source,),
            )
            self.database.execute("UPDATE processing_jobs SET results_summary = NULL WHERE client_id = ?", (self._source,))
            self.database.execute("DELETE FROM people WHERE source = ?", (self._source,))
            changed(self.database)
        return [crop for crop in crops if not self._needed(crop)]


def _plain(row: Json) -> Json:
    """The same values whatever database they came from."""
    return row | {"usable": bool(row["usable"]), "confirmed": bool(row["confirmed"]), "quality": float(row["quality"])}
