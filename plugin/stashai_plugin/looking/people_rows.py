"""Rows of people with crops, times and runner-ups (see the contract of operations)."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from .reading import as_stranger
from .verdicts import verdicts_of

if TYPE_CHECKING:
    from stashai.contracts.findings import Findings, NameCandidate, SeenFace, SeenPerson, UnknownPerson
    from stashai.processing.stores import CropStore

    from ..host.bench import Bench

GAP = 20.0
"""Seconds without a face after which an appearance is over."""
MOST_BOXES = 400
MOST_UNKNOWN = 60
Json = dict[str, Any]


class Rows:
    """Makes rows of one item's findings. `tagged` are the performers that the item has, `added` those that we added."""

    def __init__(self, bench: Bench, kind: str, entity_id: str, tagged: Iterable[str]) -> None:
        self._crops: CropStore = bench.stores.crops
        self._tagged = set(tagged)
        self._known, self._keys = bench.people, dict[int, str | None]()
        self._added = bench.writes.added_to(kind, entity_id)
        self._said = verdicts_of(bench, kind, entity_id)
        self._limits = (float(bench.preferences["suggest_from"]), float(bench.preferences["add_from"]))

    def people(self, findings: Findings) -> list[Json]:
        return [self._person(person, findings) for person in findings.people if self._is_shown(person)]

    def unknown(self, findings: Findings) -> list[Json]:
        refused = [as_stranger(person) for person in findings.people if not self._is_shown(person)]
        rows = [self.stranger(stranger, findings) for stranger in [*findings.unknown, *refused] if stranger.faces]
        return sorted(rows, key=lambda row: -int(row["frames"]))[:MOST_UNKNOWN]

    def performer_id(self, person_id: int) -> str | None:
        """Asked for those who are shown: there may be tens of thousands of others."""
        if person_id not in self._keys:
            person = self._known.person(person_id)
            self._keys[person_id] = person.key if person is not None and person.source == "stash" else None
        return self._keys[person_id]

    def is_tagged(self, performer: str) -> bool:
        return performer in self._tagged

    def is_rejected(self, person_id: int) -> bool:
        return self.performer_id(person_id) in self._said["rejected"]

    def _is_shown(self, person: SeenPerson) -> bool:
        known = self.performer_id(person.person_id)
        return known is not None and known not in self._said["rejected"] and person.probability >= self._limits[0]

    def _person(self, person: SeenPerson, findings: Findings) -> Json:
        performer = self.performer_id(person.person_id) or ""
        row = self._row(f"p{performer}", person.faces, person.candidates, findings)
        return row | {
            "state": self.state(performer, person.probability), "performer_id": performer, "name": person.name,
            "probability": round(person.probability, 4), "tagged": self.is_tagged(performer), "crop": self.crop(person.best_crop),
            "reference": self.crop(person.reference_crop), "best_time": person.best_time, "note": person.note,
        }  # fmt: skip

    def state(self, performer: str, probability: float) -> str:
        """ "applied" is what we added and is still there; a performer who was tagged before can be confirmed or refused."""
        if performer in self._tagged:
            return "applied" if performer in self._added else "proposed"
        return "ticked" if probability >= self._limits[1] else "proposed"

    def stranger(self, stranger: UnknownPerson, findings: Findings) -> Json:
        key = unknown_key(stranger.faces)
        row = self._row(key, stranger.faces, stranger.candidates, findings)
        best = max(stranger.faces, key=lambda face: face.quality)
        seen = {"state": self.stranger_state({key}), "tagged": False}
        return row | seen | {"crop": self.crop(stranger.best_crop), "best_time": best.time}

    def stranger_state(self, keys: set[str]) -> str:
        """Of an unknown person whose faces have these keys."""
        return "skipped" if keys & set(self._said["skipped"]) else "proposed"

    def _row(self, key: str, faces: Sequence[SeenFace], candidates: Sequence[NameCandidate], findings: Findings) -> Json:
        times = sorted({face.time for face in faces if face.time is not None})
        named = [(self.performer_id(candidate.person_id), candidate) for candidate in candidates]
        return {
            "key": key, "times": [round(time, 2) for time in times], "spans": spans(times), "frames": max(1, len(times)),
            "candidates": [
                {"performer_id": performer, "name": c.name, "probability": round(c.probability, 4)}
                for performer, c in named
                if performer is not None and performer not in self._said["rejected"]
            ],
            "boxes": [_box(face, findings) for face in faces[:MOST_BOXES]],
        }  # fmt: skip

    def crop(self, key: str | None) -> str:
        return data_uri(self._crops.get(key) if key else None)


def unknown_key(faces: Sequence[SeenFace]) -> str:
    """Stable while more frames are looked at: the first face that was kept of them."""
    return f"u{min((face.observation or 0) for face in faces)}"


def data_uri(jpeg: bytes | None) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii") if jpeg else ""


def spans(times: Sequence[float]) -> list[Json]:
    """Appearances: runs of times with no gap longer than GAP."""
    runs: list[list[float]] = []
    for time in times:
        if runs and time - runs[-1][1] <= GAP:
            runs[-1][1] = time
        else:
            runs.append([time, time])
    return [{"start": round(start, 2), "end": round(end, 2)} for start, end in runs]


def _box(face: SeenFace, findings: Findings) -> Json:
    x, y, w, h = face.bbox
    return {"time": face.time, "x": x, "y": y, "w": w, "h": h, "frame_w": findings.width, "frame_h": findings.height}
