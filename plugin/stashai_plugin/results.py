"""What a result looks like on our pages: rows of people with crops, times and runner-ups (see the contract of operations)."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from stashai.contracts.findings import Findings, NameCandidate, SeenFace, SeenPerson, UnknownPerson

from .quick import job_row

if TYPE_CHECKING:
    from stashai.processing.stores import CropStore
    from stashai.tracking.records import JobRow

    from .host import Bench

GAP = 20.0
"""Seconds without a face after which an appearance is over."""
MOST_BOXES = 400
SURE_ALONE = 0.99
"""From here on one image of a gallery is enough for a name."""
MOST_UNKNOWN = 60
Json = dict[str, Any]


class StashFindings(Findings):
    """`fingerprint` is that of the medium that was looked at, `source` what kind of look it was (sprite, keyframes, image, frame)."""

    fingerprint: str = ""
    source: str = ""


def shown_job(job: JobRow) -> Json:
    return job_row(asdict(job))


def verdict_key(kind: str, entity_id: str) -> str:
    return f"verdicts:{kind}/{entity_id}"


def verdicts_of(bench: Bench, kind: str, entity_id: str) -> dict[str, list[str]]:
    """What was said of an item beyond single faces: `rejected` performer ids, `skipped` row keys."""
    text = bench.mirror.fact(verdict_key(kind, entity_id))
    return {"rejected": [], "skipped": [], **(json.loads(text) if text else {})}


class Rows:
    """Makes rows of one item's findings. `tagged` are the performers that the item has, `added` those that we added."""

    def __init__(self, bench: Bench, kind: str, entity_id: str, tagged: Iterable[str]) -> None:
        self._crops: CropStore = bench.stores.crops
        self._tagged = set(tagged)
        self._keys = {person.id: person.key for person in bench.stores.people.people() if person.source == "stash"}
        self._added = bench.writes.added_to(kind, entity_id)
        self._said = verdicts_of(bench, kind, entity_id)
        self._limits = (float(bench.preferences["suggest_from"]), float(bench.preferences["add_from"]))

    def people(self, findings: Findings) -> list[Json]:
        return [self._person(person, findings) for person in findings.people if self._is_shown(person)]

    def unknown(self, findings: Findings) -> list[Json]:
        refused = [_as_unknown(person) for person in findings.people if not self._is_shown(person)]
        rows = [self._unknown(stranger, findings) for stranger in [*findings.unknown, *refused] if stranger.faces]
        return rows[:MOST_UNKNOWN]

    def performer_id(self, person_id: int) -> str | None:
        return self._keys.get(person_id)

    def is_rejected(self, person_id: int) -> bool:
        return self._keys.get(person_id) in self._said["rejected"]

    def _is_shown(self, person: SeenPerson) -> bool:
        known = self._keys.get(person.person_id)
        return known is not None and known not in self._said["rejected"] and person.probability >= self._limits[0]

    def _person(self, person: SeenPerson, findings: Findings) -> Json:
        performer = self._keys[person.person_id]
        row = self._row(f"p{performer}", person.faces, person.candidates, findings)
        return row | {
            "state": self.state(performer, person.probability), "performer_id": performer, "name": person.name,
            "probability": round(person.probability, 4), "tagged": performer in self._tagged, "crop": self.crop(person.best_crop),
            "reference": self.crop(person.reference_crop), "best_time": person.best_time, "note": person.note,
        }  # fmt: skip

    def state(self, performer: str, probability: float) -> str:
        if performer in self._added or performer in self._tagged:
            return "applied"
        return "ticked" if probability >= self._limits[1] else "proposed"

    def _unknown(self, stranger: UnknownPerson, findings: Findings) -> Json:
        key = unknown_key(stranger.faces)
        row = self._row(key, stranger.faces, stranger.candidates, findings)
        state = "skipped" if key in self._said["skipped"] else "proposed"
        best = max(stranger.faces, key=lambda face: face.quality)
        return row | {"state": state, "tagged": False, "crop": self.crop(stranger.best_crop), "best_time": best.time}

    def _row(self, key: str, faces: Sequence[SeenFace], candidates: Sequence[NameCandidate], findings: Findings) -> Json:
        times = sorted({face.time for face in faces if face.time is not None})
        named = [(self._keys.get(candidate.person_id), candidate) for candidate in candidates]
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


def _as_unknown(person: SeenPerson) -> UnknownPerson:
    return UnknownPerson(faces=person.faces, candidates=person.candidates, best_crop=person.best_crop)


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


def result_of(bench: Bench, kind: str, entity_id: str, findings: StashFindings, tagged: Iterable[str], provisional: bool) -> Json:
    """The Result of a scene or an image."""
    rows = Rows(bench, kind, entity_id, tagged)
    done, total = bench.mirror.progress()
    notes = "; ".join(flag.message for flag in findings.flags)
    return {
        "provisional": provisional, "source": findings.source, "duration": findings.duration, "width": findings.width,
        "height": findings.height, "compared": {"done": done, "total": total}, "note": notes or None,
        "people": rows.people(findings), "unknown": rows.unknown(findings),
    }  # fmt: skip


def gallery_result(
    bench: Bench, gallery_id: str, found: Mapping[str, StashFindings], tagged: Iterable[str], provisional: bool
) -> Json:
    """The Result of a gallery: per person the images they are in. A name needs two images, or one that is sure."""
    rows = Rows(bench, "gallery", gallery_id, tagged)
    seen: dict[int, list[tuple[str, SeenPerson]]] = {}
    for image, findings in found.items():
        for person in findings.people:
            seen.setdefault(person.person_id, []).append((image, person))
    people = []
    for person_id, places in seen.items():
        performer = rows.performer_id(person_id)
        best = max((person for _, person in places), key=lambda person: person.probability)
        if performer is None or rows.is_rejected(person_id) or (len(places) < 2 and best.probability < SURE_ALONE):
            continue
        images = [{"image_id": i, "crop_key": p.best_crop, "probability": round(p.probability, 4)} for i, p in places]
        shown: Json = {
            "key": f"p{performer}", "state": rows.state(performer, best.probability), "performer_id": performer, "name": best.name,
            "probability": round(best.probability, 4), "tagged": performer in set(tagged), "crop": rows.crop(best.best_crop),
            "reference": rows.crop(best.reference_crop), "best_time": None, "times": [], "spans": [], "frames": len(places),
            "candidates": [], "boxes": [], "images": images,
        }  # fmt: skip
        people.append(shown)
    people.sort(key=lambda row: (-int(str(row["frames"])), -float(str(row["probability"]))))
    strangers = [(image, row) for image, findings in found.items() for row in rows.unknown(findings)]
    unknown = [row | {"images": [{"image_id": image, "crop_key": None, "probability": 0.0}]} for image, row in strangers]
    done, total = bench.mirror.progress()
    return {
        "provisional": provisional, "source": "image", "width": None, "height": None, "compared": {"done": done, "total": total},
        "note": None, "people": people, "unknown": unknown[:MOST_UNKNOWN],
    }  # fmt: skip
