"""From a decision on faces to what is told of an item."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..contracts.findings import Findings, NameCandidate, SeenFace, SeenPerson, UnknownPerson
from ..matching.recognizer import Candidate, ItemDecision, RecognizedPerson, Stranger
from ..processing.stores import SeenFrame
from ..vision.faces import Observation
from .evidence import Evidence


def findings_of(
    decision: ItemDecision, evidence: Evidence, frames: Sequence[SeenFrame], top: int, family: Callable[[str], str]
) -> Findings:
    """`top` limits the candidates a person, not the people; `family` answers that of a model."""
    notes = evidence.notes
    return Findings(
        people=[_person(person, top, family) for person in decision.people],
        unknown=[_stranger(stranger, top) for stranger in decision.unknown],
        flags=notes.problems,
        too_weak=decision.too_weak,
        width=notes.width or None,
        height=notes.height or None,
        duration=notes.duration,
        frames=len(frames),
        decoded=evidence.decoded,
        enrolled=decision.enrolled,
    )


def _person(person: RecognizedPerson, top: int, family: Callable[[str], str]) -> SeenPerson:
    return SeenPerson(
        person_id=person.person_id,
        name=person.name,
        probability=person.probability,
        best_time=person.best.time,
        best_crop=_crop(person.best, person.observations),
        reference_crop=person.reference_crop,
        faces=[seen_face(observation) for observation in _in_time(person.observations)],
        candidates=_named(person.candidates, top),
        note=person.note,
        similarities={family(model): round(cosine, 4) for model, cosine in person.similarities.items()},
    )


def _stranger(stranger: Stranger, top: int) -> UnknownPerson:
    best = max(stranger.observations, key=lambda observation: observation.quality)
    return UnknownPerson(
        faces=[seen_face(observation) for observation in _in_time(stranger.observations)],
        candidates=_named(stranger.candidates, top),
        best_crop=_crop(best, stranger.observations),
    )


def seen_face(observation: Observation) -> SeenFace:
    left, top, width, height = (round(float(value)) for value in observation.face.box)
    return SeenFace(
        time=observation.time,
        bbox=(left, top, width, height),
        quality=round(float(observation.quality), 3),
        crop=observation.crop,
        observation=observation.id,
        landmarks=[(round(float(x), 1), round(float(y), 1)) for x, y in observation.face.landmarks],
    )


def _crop(best: Observation, others: Sequence[Observation]) -> str | None:
    """The crop of the best face, or of the best one that has a kept crop."""
    if best.crop is not None:
        return best.crop
    kept = [observation for observation in others if observation.crop is not None]
    return max(kept, key=lambda observation: observation.quality).crop if kept else None


def _named(candidates: Sequence[Candidate], top: int) -> list[NameCandidate]:
    return [NameCandidate(name=c.name, probability=c.probability, person_id=c.person_id) for c in candidates[:top]]


def _in_time(observations: Sequence[Observation]) -> list[Observation]:
    return sorted(observations, key=lambda observation: (observation.time or 0.0, observation.face.box[0]))
