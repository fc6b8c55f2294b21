"""Faces that were seen in media, as they travel between a plugin and a worker."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .database import Database
from .people import People

Json = dict[str, Any]
_FACE = ("x", "y", "width", "height", "score", "roll", "quality", "details", "crop")


def packed(data: bytes) -> str:
    return b64encode(data).decode("ascii")


@dataclass(frozen=True, slots=True)
class KeptFace:
    """A face in the rows: `crop` its key, `vectors` bytes by model."""

    crop: str | None
    quality: float
    vectors: Mapping[str, bytes]


class ExchangedFaces:
    """`source` is what the people of one side are called there: "stash" in the plugin, "stash:<instance>" on a worker."""

    def __init__(self, database: Database, source: str) -> None:
        self.database, self._source = database, source
        self._people = People(database)

    def seen(self, fingerprint: str, analysis: str, without: Collection[int] = ()) -> Json:
        """The notes of a medium and its frames but those of the moments `without`."""
        media = self.database.query("SELECT id, info FROM media WHERE fingerprint = ? AND analysis = ?", (fingerprint, analysis))
        if not media:
            return {"info": None, "frames": []}
        known = set(without)
        frames = [
            {"moment": moment, "time": time, "note": note, "asked": asked, "faces": self._faces(frame)}
            for frame, moment, time, note, asked in self.database.query(
                "SELECT id, moment, time, note, asked FROM seen_frames WHERE media = ? ORDER BY moment", (media[0][0],)
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
                    "INSERT INTO seen_frames (media, moment, time, note, asked) VALUES (?, ?, ?, ?, ?)"
                    " ON CONFLICT (media, moment) DO NOTHING RETURNING id",
                    (media, frame["moment"], frame["time"], frame["note"], frame.get("asked")),
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

    def first_look(self, fingerprint: str, analysis: str) -> list[KeptFace]:
        """The faces that the first look at a medium showed, whoever took it."""
        info = self.database.scalar("SELECT info FROM media WHERE fingerprint = ? AND analysis = ?", (fingerprint, analysis))
        looks = json.loads(info)["looks"].get("auto", []) if info else []
        times = set(looks[0]) if looks else set()
        rows = self.database.query(
            "SELECT f.time, o.id, o.crop, o.quality FROM observations o JOIN seen_frames f ON f.id = o.frame JOIN media m ON m.id = f.media"
            " WHERE m.fingerprint = ? AND m.analysis = ? ORDER BY f.moment, o.id",
            (fingerprint, analysis),
        )
        return [KeptFace(crop, quality, self.vectors_of(face)) for time, face, crop, quality in rows if time in times]

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
