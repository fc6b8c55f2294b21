"""Two people who look like one: a folder that was named twice, or a picture that went into the wrong one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..matching.pairs import same_person
from ..processing.stores import Person, Reference
from ..vision.faces import Vector

LIKELY = 50.0
"""Odds that two people are one from which it is told, when there are few; with many people chance alone makes pairs, so the
odds must outweigh a tenth of the number of pairs."""
AT_MOST = 20


@dataclass(frozen=True, slots=True)
class LookAlikes:
    first: Person
    second: Person
    probability: float


def look_alikes(people: Sequence[Person], references: Sequence[Reference], model: str) -> list[LookAlikes]:
    """Pairs of people whose references look like one person to `model`, the likeliest first, AT_MOST of them."""
    templates = _templates(references, model)
    known = [person for person in people if person.id in templates]
    if len(known) < 2:
        return []
    rows = np.stack([templates[person.id] for person in known])
    cosines = np.triu(rows @ rows.T, 1)
    limit = max(LIKELY, len(known) * (len(known) - 1) / 20)
    order = np.argsort(-cosines, axis=None)[:AT_MOST]
    found = []
    for first, second in zip(*np.unravel_index(order, cosines.shape), strict=True):
        probability = same_person({model: float(cosines[first, second])})
        if probability < 1.0 and probability / (1.0 - probability) < limit:
            break
        found.append(LookAlikes(known[first], known[second], probability))
    return found


def _templates(references: Sequence[Reference], model: str) -> dict[int, Vector]:
    """One unit vector a person: the mean of what they are known by."""
    vectors: dict[int, list[Vector]] = {}
    for reference in references:
        if reference.usable and model in reference.embeddings:
            vectors.setdefault(reference.person_id, []).append(reference.embeddings[model])
    sums = {person: np.sum(several, axis=0) for person, several in vectors.items()}
    return {person: np.asarray(total / max(float(np.linalg.norm(total)), 1e-9), np.float32) for person, total in sums.items()}
