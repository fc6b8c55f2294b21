"""Who looks most like somebody known, and whether two known people are one: by their references alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..matching.pairs import same_person
from ..processing.context import Context
from ..processing.stores import PeopleStore, Person
from ..vision.faces import Vector
from .compare import CompareParams, Comparison, FaceSource, comparison


@dataclass(frozen=True, slots=True)
class Alike:
    """`similarity` is the primary model's cosine, `probability` that both are one person."""

    person: Person
    similarity: float
    probability: float


def likest(person: Person, people: PeopleStore, primary: str, count: int) -> list[Alike]:
    """The people of the same source who are most like this one, the likest first."""
    own = [r.embeddings[primary] for r in people.references(person_id=person.id) if r.usable and primary in r.embeddings]
    if not own:
        return []
    mine = np.stack(own)
    best: dict[int, tuple[float, Vector, Vector]] = {}
    for other in people.references():
        if other.usable and primary in other.embeddings and other.person_id != person.id:
            vector = other.embeddings[primary]
            nearest = mine[int((mine @ vector).argmax())]
            score = float(nearest @ vector)
            if other.person_id not in best or score > best[other.person_id][0]:
                best[other.person_id] = score, nearest, vector
    known = {other.id: other for other in people.people() if other.source == person.source}
    ranked = sorted(((*found, known[number]) for number, found in best.items() if number in known), key=lambda row: -row[0])
    return [Alike(other, score, same_person({primary: one}, {primary: vector})) for score, one, vector, other in ranked[:count]]


def compared(first: Person, second: Person, ctx: Context) -> Comparison:
    sides = [FaceSource(person=f"person:{person.id}") for person in (first, second)]
    return comparison(CompareParams(first=sides[0], second=sides[1]), ctx)
