"""What a worker saw becomes rows of this Stash's: frames, faces, vectors and crops. Arriving twice changes nothing."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Any

from stashai.errors import MediaError

from ..looking.reading import StashFindings, findings_of

if TYPE_CHECKING:
    from ..host.bench import Bench

Json = dict[str, Any]
NOTHING: Json = {
    "status": "done", "people": [], "unknown": [], "flags": [], "too_weak": 0, "width": None, "height": None, "duration": None, "frames": 0,
    "decoded": 0, "enrolled": 0, "models": [], "seconds": {},
}  # fmt: skip


def nothing_yet(fingerprint: str, source: str) -> StashFindings:
    return findings_of(NOTHING, fingerprint, source)


class Arriving:
    """`analysis` names what is kept of a face there: the rows are kept under the same name here."""

    def __init__(self, bench: Bench, analysis: str) -> None:
        self._bench, self._analysis = bench, analysis

    def result(self, shown: Json) -> StashFindings | MediaError:
        """What came of one item."""
        if shown["error"] is not None:
            return MediaError(shown["error"]["message"], code=shown["error"]["code"])
        return self.take(shown)

    def take(self, shown: Json) -> StashFindings:
        look, rows = shown["look"], self._bench.exchange
        for data in shown["crops"].values():
            self._bench.stores.crops.put(b64decode(data))
        rows.take_seen(look["fingerprint"], self._analysis, shown["seen"])
        own = {place: number for number, place in rows.places(look["fingerprint"], self._analysis).items()}
        faces = {int(number): own.get(place) for number, place in shown["places"].items()}
        people = {person.key: person.id for person in self._bench.stores.people.people() if person.source == "stash"}
        known = {int(number): people[key] for number, key in shown["keys"].items() if key in people}
        return findings_of(_translated(look, faces, known), look["fingerprint"], look["source"])


def _translated(look: Json, faces: dict[int, int | None], people: dict[int, int]) -> Json:
    """The worker's ids of faces and people as ours; somebody who was forgotten here meanwhile is nobody."""

    def row(values: Json) -> Json:
        seen = [face | {"observation": faces.get(face["observation"])} for face in values["faces"]]
        candidates = [c | {"person_id": people[c["person_id"]]} for c in values["candidates"] if c["person_id"] in people]
        return values | {"faces": seen, "candidates": candidates}

    named = [row(person) | {"person_id": people[person["person_id"]]} for person in look["people"] if person["person_id"] in people]
    forgotten = [person for person in look["people"] if person["person_id"] not in people]
    strangers = [{key: person[key] for key in ("faces", "candidates", "best_crop")} for person in forgotten]
    return look | {"people": named, "unknown": [row(values) for values in [*look["unknown"], *strangers]]}
