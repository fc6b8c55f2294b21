"""Rows as they travel between a plugin and a worker: people with their references, faces that were seen in media, and what was
said of them.

Values of JSON in and out; vectors stay the bytes of their rows (base64), so that either side needs nothing but its database.
A face is named on the way by its place, "moment:number" within its medium, because ids are each database's own.
"""

from __future__ import annotations

import json
import secrets
from base64 import b64decode
from collections.abc import Callable, Collection, Iterable, Mapping

from .database import Database
from .exchanged_faces import Json, KeptFace, packed
from .exchanged_looks import translated
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
    """All of it: what people said, and looks with all that they rest on."""

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

    def known(self, fingerprints: Iterable[str], analysis: str, crop: Callable[[str], bytes | None]) -> dict[str, Json]:
        """What was seen here of these media and said of it, so that the other side need not look again. `crop` reads a crop."""
        known = {}
        for fingerprint in fingerprints:
            seen = self.seen(fingerprint, analysis)
            if seen["frames"]:
                crops = [packed(data) for data in _crops(seen, crop).values()]
                known[fingerprint] = {"seen": seen, "said": self.said(fingerprint, analysis), "crops": crops}
        return known

    def take_known(self, known: Mapping[str, Json], analysis: str, keep: Callable[[bytes], object]) -> None:
        """The other side's `known`. `keep` stores a crop."""
        for fingerprint, one in known.items():
            self.take_seen(fingerprint, analysis, one["seen"])
            self.take_said(fingerprint, analysis, one["said"])
            for crop in one["crops"]:
                keep(b64decode(crop))

    def shown(self, look: Json, analysis: str, have: Collection[int], crop: Callable[[str], bytes | None]) -> Json:
        """A look with what it rests on, but the frames of the moments `have`: faces named by their places, people by their keys."""
        seen = self.seen(look["fingerprint"], analysis, have)
        places = self.places(look["fingerprint"], analysis)
        return {
            "look": look, "places": {str(number): place for number, place in places.items()}, "keys": self._keys(look), "seen": seen,
            "crops": {key: packed(data) for key, data in _crops(seen, crop).items()},
        }  # fmt: skip

    def _keys(self, look: Json) -> dict[str, str]:
        named = {one["person_id"] for row in [*look["people"], *look["unknown"]] for one in [row, *row["candidates"]] if "person_id" in one}
        found = {number: self._people.person(number) for number in named}
        return {str(number): person.key for number, person in found.items() if person is not None and person.source == self._source}

    def take_shown(self, shown: Json, analysis: str, keep: Callable[[bytes], object]) -> Json:
        """The look of the other side's `shown`, its faces and people as they are numbered here. Taken twice it changes nothing."""
        look = shown["look"]
        for data in shown["crops"].values():
            keep(b64decode(data))
        self.take_seen(look["fingerprint"], analysis, shown["seen"])
        own = {place: number for number, place in self.places(look["fingerprint"], analysis).items()}
        faces = {int(number): own.get(place) for number, place in shown["places"].items()}
        people = {person.key: person.id for person in self._people.of_source(self._source)}
        return translated(look, faces, {int(number): people[key] for number, key in shown["keys"].items() if key in people})


def _crops(seen: Json, crop: Callable[[str], bytes | None]) -> dict[str, bytes]:
    wanted = {face["crop"] for frame in seen["frames"] for face in frame["faces"] if face["crop"]}
    found = {key: crop(key) for key in wanted}
    return {key: data for key, data in found.items() if data}
