"""Faces that were seen, kept by the media's content, so that nothing is decoded twice."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..processing.stores import SeenFrame
from .database import Database
from .vectors import landmarks_of, to_bytes, vector_of

if TYPE_CHECKING:
    from ..vision.faces import Observation, Vector

_EMBEDDING = (
    "INSERT INTO observation_embeddings (observation, model, vector) VALUES (?, ?, ?)"
    " ON CONFLICT (observation, model) DO UPDATE SET vector = excluded.vector"
)
_FRAME = (
    "INSERT INTO seen_frames (media, moment, time, note, asked) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (media, moment) DO NOTHING RETURNING id"
)
_OBSERVATION = (
    "INSERT INTO observations (frame, x, y, width, height, landmarks, score, roll, quality, details, crop)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id"
)


class Observations:
    """Implements `processing.stores.ObservationStore`."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def frames(self, fingerprint: str, analysis: str) -> list[SeenFrame]:
        media = self._media(fingerprint, analysis)
        if media is None:
            return []
        frames = {
            row[0]: SeenFrame(row[1], [], row[2], row[3])
            for row in self.database.query("SELECT id, time, note, asked FROM seen_frames WHERE media = ? ORDER BY moment", (media,))
        }
        by_id: dict[int, Observation] = {}
        for row in self.database.query(
            "SELECT o.id, o.frame, f.time, o.x, o.y, o.width, o.height, o.landmarks, o.score, o.roll, o.quality, o.details, o.crop"
            " FROM seen_frames f JOIN observations o ON o.frame = f.id WHERE f.media = ? ORDER BY o.id",
            (media,),
        ):
            if row[1] in frames:  # another thread may have saved a frame since they were read
                by_id[row[0]] = _observation(row)
                frames[row[1]].observations.append(by_id[row[0]])
        for observation, model, vector in self.database.query(
            "SELECT e.observation, e.model, e.vector FROM seen_frames f JOIN observations o ON o.frame = f.id"
            " JOIN observation_embeddings e ON e.observation = o.id WHERE f.media = ?",
            (media,),
        ):
            if observation in by_id:
                by_id[observation].embeddings[model] = vector_of(vector)
        return list(frames.values())

    def save(self, fingerprint: str, analysis: str, frames: Sequence[SeenFrame]) -> None:
        with self.database.write():
            media = self._ensure_media(fingerprint, analysis)
            embeddings: list[tuple[int, str, bytes]] = []
            for frame in frames:
                moment = -1 if frame.time is None else round(frame.time * 1e6)
                row = self.database.execute(_FRAME, (media, moment, frame.time, frame.note, frame.asked)).fetchone()
                if row is not None:
                    self._insert(row[0], frame.observations, embeddings)
                else:
                    self._name_known(media, moment, frame.observations)
            self.database.executemany(_EMBEDDING, embeddings)

    def _name_known(self, media: int, moment: int, observations: Sequence[Observation]) -> None:
        """Two that analysed the same frame at once saw the same faces: the later one takes over the ids of the earlier."""
        rows = self.database.query(
            "SELECT o.id FROM observations o JOIN seen_frames f ON f.id = o.frame WHERE f.media = ? AND f.moment = ? ORDER BY o.id",
            (media, moment),
        )
        if len(rows) == len(observations):
            for observation, (known,) in zip(observations, rows, strict=True):
                observation.id = known

    def _insert(self, frame: int, observations: Sequence[Observation], embeddings: list[tuple[int, str, bytes]]) -> None:
        for observation in observations:
            face = observation.face
            details = json.dumps(dict(observation.details)) if observation.details else None
            row = self.database.execute(
                _OBSERVATION,
                (
                    frame,
                    *(float(side) for side in face.box),
                    to_bytes(face.landmarks),
                    float(face.score),
                    float(face.roll),
                    float(observation.quality),
                    details,
                    observation.crop,
                ),
            ).fetchone()
            observation.id = int(row[0])
            embeddings.extend((observation.id, model, to_bytes(vector)) for model, vector in observation.embeddings.items())

    def add_embedding(self, observation_id: int, model: str, vector: Vector) -> None:
        with self.database.write():
            self.database.execute(_EMBEDDING, (observation_id, model, to_bytes(vector)))

    def media(self, fingerprint: str, analysis: str) -> Mapping[str, object] | None:
        info = self.database.scalar("SELECT info FROM media WHERE fingerprint = ? AND analysis = ?", (fingerprint, analysis))
        if info is None:
            return None
        noted: Mapping[str, object] = json.loads(info)
        return noted

    def note_media(self, fingerprint: str, analysis: str, info: Mapping[str, object]) -> None:
        with self.database.write():
            self.database.execute(
                "INSERT INTO media (fingerprint, analysis, info) VALUES (?, ?, ?)"
                " ON CONFLICT (fingerprint, analysis) DO UPDATE SET info = excluded.info",
                (fingerprint, analysis, json.dumps(dict(info))),
            )

    def known_fingerprint(self, path: str, size: int, mtime_ns: int) -> str | None:
        found = self.database.scalar(
            "SELECT fingerprint FROM file_fingerprints WHERE path = ? AND size = ? AND mtime_ns = ?", (path, size, mtime_ns)
        )
        return None if found is None else str(found)

    def remember_fingerprint(self, path: str, size: int, mtime_ns: int, fingerprint: str) -> None:
        with self.database.write():
            self.database.execute(
                "INSERT INTO file_fingerprints (path, size, mtime_ns, fingerprint) VALUES (?, ?, ?, ?) ON CONFLICT (path)"
                " DO UPDATE SET size = excluded.size, mtime_ns = excluded.mtime_ns, fingerprint = excluded.fingerprint",
                (path, size, mtime_ns, fingerprint),
            )

    def crops(self) -> set[str]:
        """The keys of all crops that a row needs, references' too: what a clean-up must keep."""
        return {
            row[0]
            for row in self.database.query("SELECT crop FROM reference_faces UNION SELECT crop FROM observations WHERE crop IS NOT NULL")
        }

    def _media(self, fingerprint: str, analysis: str) -> int | None:
        found = self.database.scalar("SELECT id FROM media WHERE fingerprint = ? AND analysis = ?", (fingerprint, analysis))
        return None if found is None else int(found)

    def _ensure_media(self, fingerprint: str, analysis: str) -> int:
        known = self._media(fingerprint, analysis)
        if known is not None:
            return known
        self.database.execute(
            "INSERT INTO media (fingerprint, analysis) VALUES (?, ?) ON CONFLICT (fingerprint, analysis) DO NOTHING",
            (fingerprint, analysis),
        )
        made = self._media(fingerprint, analysis)
        assert made is not None  # noqa: S101 - inserted above, in this transaction
        return made


def _observation(row: tuple[Any, ...]) -> Observation:
    from ..vision.faces import Face, Observation

    face = Face((row[3], row[4], row[5], row[6]), landmarks_of(row[7]), row[8], row[9])
    return Observation(row[2], face, row[10], {}, row[12], row[0], json.loads(row[11]) if row[11] else {})
