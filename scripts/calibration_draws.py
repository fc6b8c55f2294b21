"""Random galleries out of labelled photographs: what a calibration is fitted on and judged by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from stashai.bench.photos import Observed, Subject
from stashai.matching.calibration import Calibration, ModelConstants, prior
from stashai.matching.fitting import Sample, table
from stashai.matching.fusion import TOP_SHARE, Pooled, pool
from stashai.matching.gallery import Gallery
from stashai.matching.identities import centred
from stashai.processing.stores import Person, Reference
from stashai.vision.faces import Observation


@dataclass(frozen=True, slots=True)
class People:
    """Faces by person: `known` have two and more each, `strangers` one or more. `spoilt` has the last one of some once more,
    out of the same photograph made bad."""

    known: Mapping[int, Sequence[Observation]]
    strangers: Mapping[int, Sequence[Observation]]
    spoilt: Mapping[int, Observation]

    def only(self, chosen: NDArray[np.bool_]) -> People:
        """The people with a True in `chosen`, which is indexed by their numbers."""
        spoilt = {p: face for p, face in self.spoilt.items() if chosen[p]}
        return People({p: f for p, f in self.known.items() if chosen[p]}, {p: f for p, f in self.strangers.items() if chosen[p]}, spoilt)


def gathered(known: Sequence[Subject], strangers: Sequence[Subject], seen: Observed, spoilt: Observed, models: Sequence[str]) -> People:
    """Faces by person; a known person with one usable face counts as a stranger."""
    groups: tuple[dict[int, list[Observation]], dict[int, list[Observation]]] = ({}, {})
    poor: dict[int, Observation] = {}
    number = 0
    for is_stranger, subject in [(False, one) for one in known] + [(True, one) for one in strangers]:
        faces = [seen[path] for path in subject.photographs if path in seen and set(models) <= set(seen[path].embeddings)]
        if faces:
            groups[int(is_stranger or len(faces) < 2)][number] = faces
            last = subject.photographs[-1]
            if last in spoilt and faces[-1] is seen.get(last):
                poor[number] = spoilt[last]
            number += 1
    return People(*groups, poor)


def model_constants(people: People, model: str) -> ModelConstants:
    """The mean of all people's vectors; then, of what is centred by it, likeness (the mean cosine of two faces of one person)
    and cohort (the mean of the most similar quarter of other people)."""
    means = [np.mean([face.embeddings[model] for face in faces], axis=0) for faces in (*people.known.values(), *people.strangers.values())]
    blank = ModelConstants(0.0, 0.0, np.mean(means, axis=0).astype(np.float16).astype(np.float32))
    shown = [blank.centred(np.array([face.embeddings[model] for face in faces])) for faces in people.known.values()]
    pairs = [(rows @ rows.T)[np.triu_indices(len(rows), 1)].mean() for rows in shown]
    first = np.array([rows[0] for rows in shown])
    scores = first @ first.T
    np.fill_diagonal(scores, -1.0)
    kept = max(1, round(TOP_SHARE * (len(first) - 1)))
    top = -np.sort(-scores, axis=1)[:, :kept]
    return replace(blank, likeness=round(float(np.mean(pairs)), 4), cohort=round(float(top.mean()), 4))


@dataclass(frozen=True, slots=True)
class Draw:
    """A gallery of randomly chosen people, and everybody else's faces as probes. `owner` (T,) are the probes' people,
    `truth` (T,) the same as rows of the gallery, -1 for who is not enrolled."""

    gallery: Gallery
    items: Sequence[Mapping[str, Pooled]]
    owner: NDArray[np.intp]
    truth: NDArray[np.intp]
    weight: NDArray[np.float64]

    def sample(self, models: Sequence[str], share: float = 1.0) -> Sample:
        """What is fitted on, by `models`, the whole gallery weighing `share`."""
        return Sample.of(table(self.gallery, self.items, models), self.truth, self.weight * share)


def draw(people: People, size: int, models: Sequence[str], blank: Calibration, rng: np.random.Generator, *, many: bool) -> Draw:
    """`size` people enrolled with one face each or (`many`) sometimes with several; as probes everybody's other faces, single
    or (`many`) sometimes as one item, and their spoilt ones. Strangers are enrolled, too, when there are not enough people with
    two faces."""
    order, fill = rng.permutation(list(people.known)), rng.permutation(list(people.strangers))
    references: dict[int, Sequence[Observation]] = {int(p): people.strangers[int(p)][:1] for p in fill[: max(0, size - len(order))]}
    items: list[tuple[int, list[Observation]]] = []
    for person in map(int, order[:size]):
        faces = [people.known[person][k] for k in rng.permutation(len(people.known[person]))]
        count = int(rng.integers(1, len(faces))) if many and rng.random() < 0.4 else 1
        references[person] = faces[:count]
        items += [(person, group) for group in probes(faces[count:], rng, many)]
        if many and person in people.spoilt and all(face is not people.known[person][-1] for face in faces[:count]):
            items.append((person, [people.spoilt[person]]))
    rest = {**people.strangers, **{int(p): people.known[int(p)] for p in order[size:]}}
    for person, shown in rest.items():
        if person not in references:
            items += [(person, group) for group in probes(shown, rng, many)]
            if many and person in people.spoilt:
                items.append((person, [people.spoilt[person]]))
    gallery = enrolled(references, models, blank)
    row = {person.id: number for number, person in enumerate(gallery.people)}
    truth = np.array([row.get(person, -1) for person, _ in items], np.intp)
    vectors = [pooled(group, models, blank) for _, group in items]
    return Draw(gallery, vectors, np.array([person for person, _ in items], np.intp), truth, weights(truth, len(gallery)))


def weights(truth: NDArray[np.intp], size: int) -> NDArray[np.float64]:
    """So that enrolled people are among the probes as often as the prior says."""
    known, odds = truth >= 0, float(np.exp(prior(size))) * size
    shares = np.where(known, odds / max(int(known.sum()), 1), 1.0 / max(int((~known).sum()), 1))
    return np.asarray(shares / shares.sum())


def probes(faces: Sequence[Observation], rng: np.random.Generator, many: bool) -> Iterator[list[Observation]]:
    """Each face alone, and now and then all of a person's as one item."""
    if many and len(faces) > 1 and rng.random() < 0.4:
        yield list(faces)
        return
    yield from ([face] for face in faces)


def pooled(faces: Sequence[Observation], models: Sequence[str], blank: Calibration) -> dict[str, Pooled]:
    weights = [max(face.quality, 0.05) for face in faces]
    return {model: pool(centred(faces, model, blank.models[model]), weights, blank.models[model].likeness) for model in models}


def enrolled(references: Mapping[int, Sequence[Observation]], models: Sequence[str], blank: Calibration) -> Gallery:
    people = [Person(number, str(number), "local", str(number)) for number in references]
    rows = [
        Reference(number, "", "", "", seen.quality, seen.face.box, "", dict(seen.embeddings))
        for number, faces in references.items()
        for seen in faces
    ]
    return Gallery.build(people, rows, models, blank)
