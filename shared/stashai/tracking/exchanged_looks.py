"""What came of a look at the other side, in this side's words: faces and people are numbered by each database for itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]


def translated(look: Json, faces: Mapping[int, int | None], people: Mapping[int, int]) -> Json:
    """`look` with this side's ids; whoever is not known here (any more) is somebody unknown."""

    def row(values: Json) -> Json:
        seen = [face | {"observation": faces.get(face["observation"])} for face in values["faces"]]
        candidates = [c | {"person_id": people[c["person_id"]]} for c in values["candidates"] if c["person_id"] in people]
        return values | {"faces": seen, "candidates": candidates}

    named = [row(person) | {"person_id": people[person["person_id"]]} for person in look["people"] if person["person_id"] in people]
    unnamed = [person for person in look["people"] if person["person_id"] not in people]
    strangers = [{key: person[key] for key in ("faces", "candidates", "best_crop")} for person in unnamed]
    return look | {"people": named, "unknown": [row(values) for values in [*look["unknown"], *strangers]]}
