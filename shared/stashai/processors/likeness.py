"""Who looks most like somebody known, and whether two known people are one: by their references alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..matching.pairs import same_person
from ..processing.base import Entity, Unit
from ..processing.context import Context
from ..processing.stores import PeopleStore, Person
from .compare import CompareFaces, CompareParams, Comparison, FaceSource


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
    best: dict[int, float] = {}
    for other in people.references():
        if other.usable and primary in other.embeddings and other.person_id != person.id:
            best[other.person_id] = max(best.get(other.person_id, -1.0), float((mine @ other.embeddings[primary]).max()))
    known = {other.id: other for other in people.people() if other.source == person.source}
    ranked = sorted(((score, known[number]) for number, score in best.items() if number in known), key=lambda row: -row[0])
    return [Alike(other, score, same_person({primary: score})) for score, other in ranked[:count]]


def compared(first: Person, second: Person, ctx: Context) -> Comparison:
    sides = [FaceSource(person=f"person:{person.id}") for person in (first, second)]
    return CompareFaces().process(Unit("pair", Entity("performer", first.key)), CompareParams(first=sides[0], second=sides[1]), ctx)
