"""A gallery's result: per person the images they are in, known people by name, unknown ones by likeness."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from stashai.matching.plain import SURE_ALONE

from .people_rows import MOST_UNKNOWN, Rows, unknown_key
from .reading import StashFindings, as_stranger
from .strangers import Sighting, grouped

if TYPE_CHECKING:
    from stashai.contracts.findings import SeenPerson

    from ..host.bench import Bench

Json = dict[str, Any]
Places = list[tuple[str, "SeenPerson"]]


def gallery_result(bench: Bench, gallery_id: str, found: Mapping[str, StashFindings], tagged: Iterable[str], provisional: bool) -> Json:
    """`found` are the findings of the gallery's images by their ids."""
    rows = Rows(bench, "gallery", gallery_id, tagged)
    named = _named(rows, found)
    people = [_person(rows, performer, places) for performer, places in named.items()]
    people.sort(key=lambda row: (-int(row["frames"]), -float(row["probability"])))
    unknown = [_stranger(rows, group) for group in grouped(bench, _unnamed(rows, found, named))]
    unknown.sort(key=lambda row: -int(row["frames"]))
    done, total = bench.mirror.progress()
    return {
        "provisional": provisional, "source": "image", "width": None, "height": None, "compared": {"done": done, "total": total},
        "note": None, "people": people, "unknown": unknown[:MOST_UNKNOWN],
    }  # fmt: skip


def keys_of_stranger(bench: Bench, gallery_id: str, found: Mapping[str, StashFindings], key: str) -> set[str]:
    """The keys that one unknown person's faces have in the images: `key` is any of them."""
    rows = Rows(bench, "gallery", gallery_id, ())
    for group in grouped(bench, _unnamed(rows, found, _named(rows, found))):
        keys = {one.key for one in group}
        if key in keys:
            return keys
    return {key}


def _named(rows: Rows, found: Mapping[str, StashFindings]) -> dict[str, Places]:
    """By performer where they are. A name needs two images, or one that is sure."""
    seen: dict[str, Places] = {}
    for image, findings in found.items():
        for person in findings.people:
            performer = rows.performer_id(person.person_id)
            if performer is not None and not rows.is_rejected(person.person_id):
                seen.setdefault(performer, []).append((image, person))
    return {
        performer: places
        for performer, places in seen.items()
        if len({image for image, _ in places}) > 1 or max(person.probability for _, person in places) >= SURE_ALONE
    }


def _unnamed(rows: Rows, found: Mapping[str, StashFindings], named: Mapping[str, Places]) -> list[Sighting]:
    seen = []
    for image, findings in found.items():
        others = [as_stranger(person) for person in findings.people if rows.performer_id(person.person_id) not in named]
        seen += [Sighting(image, findings, one) for one in [*findings.unknown, *others] if one.faces]
    return seen


def _person(rows: Rows, performer: str, places: Places) -> Json:
    best = max((person for _, person in places), key=lambda person: person.probability)
    return {
        "key": f"p{performer}", "state": rows.state(performer, best.probability), "performer_id": performer, "name": best.name,
        "probability": round(best.probability, 4), "tagged": rows.is_tagged(performer), "crop": rows.crop(best.best_crop),
        "reference": rows.crop(best.reference_crop), "best_time": None, "times": [], "spans": [], "frames": len(places),
        "candidates": [], "boxes": [],
        "images": [{"image_id": i, "crop_key": p.best_crop, "probability": round(p.probability, 4)} for i, p in places],
    }  # fmt: skip


def _stranger(rows: Rows, group: Sequence[Sighting]) -> Json:
    """One row with all images; its crop is the best face, its key the same while further images are looked at."""
    best = max(group, key=lambda one: max(face.quality for face in one.who.faces))
    key = unknown_key([face for one in group for face in one.who.faces])
    return rows.stranger(best.who, best.findings) | {
        "key": key, "state": rows.stranger_state({one.key for one in group}), "times": [], "spans": [], "frames": len(group),
        "images": [{"image_id": one.image, "crop_key": one.who.best_crop, "probability": 0.0} for one in group],
    }  # fmt: skip
