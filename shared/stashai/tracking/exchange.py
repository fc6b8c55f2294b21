"""Rows as they travel between a plugin and a worker: people with their references, and faces that were seen in media.

Values of JSON in and out; vectors stay the bytes of their rows (base64), so that either side needs nothing but its database.
A face is named on the way by its place, "moment:number" within its medium, because ids are each database's own.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from .database import Database
from .people import People, changed

Json = dict[str, Any]
_REFERENCE = ("path", "crop", "fingerprint", "quality", "x", "y", "width", "height", "usable", "reason", "confirmed")
_FACE = ("x", "y", "width", "height", "score", "roll", "quality", "details", "crop")


def packed(data: bytes) -> str:
    return b64encode(data).decode("ascii")


def instance_of(database: Database) -> str:
    """A name of this database's own, made once."""
    query = "SELECT text FROM meta WHERE key = 'instance'"
    if database.scalar(query) is None:
        made = secrets.token_hex(12)
        with database.write():
            database.execute("INSERT INTO meta (key, number, text) VALUES ('instance', 0, ?) ON CONFLICT (key) DO NOTHING", (made,))
    return str(database.scalar(query))


class Exchange:
    """`source` is what the people of one side are called there: "stash" in the plugin, "stash:<instance>" on a worker."""

    def __init__(self, database: Database, source: str) -> None:
        self.database, self._source = database, source
        self._people = People(database)

    # people ----------------------------------------------------------------------------------------------------------

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
                changed(self.database)

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
        for person in self._people.people():
            if person.source == self._source and person.key not in keys:
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

    # what was seen ---------------------------------------------------------------------------------------------------

    def seen(self, fingerprint: str, analysis: str, without: Collection[int] = ()) -> Json:
        """The notes of a medium and its frames but those of the moments `without`."""
        media = self.database.query("SELECT id, info FROM media WHERE fingerprint = ? AND analysis = ?", (fingerprint, analysis))
        if not media:
            return {"info": None, "frames": []}
        known = set(without)
        frames = [
            {"moment": moment, "time": time, "note": note, "faces": self._faces(frame)}
            for frame, moment, time, note in self.database.query(
                "SELECT id, moment, time, note FROM seen_frames WHERE media = ? ORDER BY moment", (media[0][0],)
            )
            if moment not in known
        ]
        return {"info": media[0][1], "frames": frames}

    def _faces(self, frame: int) -> list[Json]:
        columns = ", ".join(_FACE)
        query = f"SELECT id, landmarks, {columns} FROM observations WHERE frame = ? ORDER BY id"
        faces = []
        for number, landmarks, *values in self.database.query(query, (frame,)):
            vectors = self.database.query("SELECT model, vector FROM observation_embeddings WHERE observation = ?", (number,))
            face = dict(zip(_FACE, values, strict=True))
            faces.append(face | {"landmarks": packed(landmarks), "vectors": {model: packed(vector) for model, vector in vectors}})
        return faces

    def moments(self, fingerprint: str, analysis: str) -> list[int]:
        """Which frames of a medium are here."""
        query = "SELECT f.moment FROM seen_frames f JOIN media m ON m.id = f.media WHERE m.fingerprint = ? AND m.analysis = ?"
        return [row[0] for row in self.database.query(query, (fingerprint, analysis))]

    def take_seen(self, fingerprint: str, analysis: str, seen: Json) -> None:
        """Keep the other side's frames; one that is here already stays as it is."""
        with self.database.write():
            self.database.execute(
                "INSERT INTO media (fingerprint, analysis, info) VALUES (?, ?, ?) ON CONFLICT (fingerprint, analysis)"
                " DO UPDATE SET info = COALESCE(excluded.info, media.info)",
                (fingerprint, analysis, seen["info"]),
            )
            media = self.database.scalar("SELECT id FROM media WHERE fingerprint = ? AND analysis = ?", (fingerprint, analysis))
            for frame in seen["frames"]:
                row = self.database.query(
                    "INSERT INTO seen_frames (media, moment, time, note) VALUES (?, ?, ?, ?)"
                    " ON CONFLICT (media, moment) DO NOTHING RETURNING id",
                    (media, frame["moment"], frame["time"], frame["note"]),
                )
                for face in frame["faces"] if row else ():
                    values = {name: face[name] for name in _FACE} | {"landmarks": b64decode(face["landmarks"]), "frame": row[0][0]}
                    number = self.database.insert("observations", values)
                    self._take_vectors("observation_embeddings", "observation", number, face["vectors"])

    def _take_vectors(self, table: str, column: str, number: int, vectors: Mapping[str, str]) -> None:
        for model, vector in vectors.items():
            self.database.execute(
                f"INSERT INTO {table} ({column}, model, vector) VALUES (?, ?, ?)"
                f" ON CONFLICT ({column}, model) DO UPDATE SET vector = excluded.vector",
                (number, model, b64decode(vector)),
            )

    def vectors_of(self, face: int | None) -> dict[str, bytes]:
        """The vectors of a kept face by model, as bytes."""
        query = "SELECT model, vector FROM observation_embeddings WHERE observation = ?"
        return {model: bytes(vector) for model, vector in self.database.query(query, (face,))} if face is not None else {}

    def places(self, fingerprint: str, analysis: str) -> dict[int, str]:
        """Each face's place by its id here."""
        rows = self.database.query(
            "SELECT o.id, f.moment FROM observations o JOIN seen_frames f ON f.id = o.frame JOIN media m ON m.id = f.media"
            " WHERE m.fingerprint = ? AND m.analysis = ? ORDER BY o.id",
            (fingerprint, analysis),
        )
        counts: dict[int, int] = {}
        found = {}
        for number, moment in rows:
            found[number] = f"{moment}:{counts.get(moment, 0)}"
            counts[moment] = counts.get(moment, 0) + 1
        return found

    # what people said ------------------------------------------------------------------------------------------------

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

    # forgetting ------------------------------------------------------------------------------------------------------

    def fingerprints(self) -> list[str]:
        """All media of which something was seen."""
        return [row[0] for row in self.database.query("SELECT DISTINCT fingerprint FROM media")]

    def drop_media(self, fingerprints: Iterable[str]) -> list[str]:
        """Forget what was seen of these media; answers the keys of crops that nothing needs any more."""
        crops: set[str] = set()
        with self.database.write():
            for fingerprint in fingerprints:
                crops |= {
                    row[0]
                    for row in self.database.query(
                        "SELECT o.crop FROM observations o JOIN seen_frames f ON f.id = o.frame JOIN media m ON m.id = f.media"
                        " WHERE m.fingerprint = ? AND o.crop IS NOT NULL",
                        (fingerprint,),
                    )
                }
                self.database.execute("DELETE FROM media WHERE fingerprint = ?", (fingerprint,))
                self.database.execute("DELETE FROM decisions WHERE fingerprint = ?", (fingerprint,))
        return [crop for crop in crops if not self._needed(crop)]

    def _needed(self, crop: str) -> bool:
        held = "SELECT 1 FROM reference_faces WHERE crop = ? UNION ALL SELECT 1 FROM observations WHERE crop = ? LIMIT 1"
        return self.database.scalar(held, (crop, crop)) is not None


def _plain(row: Json) -> Json:
    """The same values whatever database they came from."""
    return row | {"usable": bool(row["usable"]), "confirmed": bool(row["confirmed"]), "quality": float(row["quality"])}
