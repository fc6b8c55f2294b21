"""Who is in an item: from its faces to people, each with a probability that can be trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ..vision.faces import Observation
from ..vision.profile import Profile
from ..vision.quality import MATCH_FLOOR
from .assignment import assign, without_taken
from .calibration import Calibration, Probabilities
from .fusion import Matrix
from .gallery import Gallery
from .identities import Asked, Examiner, centred
from .plain import LOOSE
from .settling import is_settled
from .tracks import TIGHT, Constraints, conflicts, linked, same_frame, tracks

CANDIDATES = 10
"""Names that are kept of each person of an item, the likeliest first."""
NAMED = 0.5
"""From this probability on, tracks with the same best name are joined, and ones with different names are not."""
CERTAIN = 0.999
"""Two people of one frame may be the same person from this probability on, when they also look alike (a mirror)."""
TWICE = "seen more than once in one picture: a mirror, a collage or a split screen"


@dataclass(frozen=True, slots=True)
class Candidate:
    person_id: int
    name: str
    probability: float


@dataclass(frozen=True, slots=True)
class RecognizedPerson:
    """Somebody known. `best` is the face that is most like the references, `reference_crop` the kept crop of the reference
    that is most like it; `similarities` are the cosines with the person's template (centred, of the face that is most like
    it) by model, of those that were asked; `note` says what is unusual about the evidence."""

    person_id: int
    name: str
    probability: float
    best: Observation
    observations: Sequence[Observation]
    candidates: Sequence[Candidate]
    reference_crop: str | None = None
    note: str | None = None
    similarities: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody whom nobody's references explain well enough."""

    observations: Sequence[Observation]
    candidates: Sequence[Candidate]


@dataclass(frozen=True, slots=True)
class ItemDecision:
    """`people` by probability, `unknown` by the number of faces. `undecided` are faces that another model should be asked
    about; `settled` says that more frames would hardly change anything. `too_weak` counts faces below the match floor."""

    people: Sequence[RecognizedPerson] = ()
    unknown: Sequence[Stranger] = ()
    undecided: Sequence[Observation] = ()
    settled: bool = True
    too_weak: int = 0
    enrolled: int = 0


@dataclass(slots=True)
class _Item:
    """An item on its way to a decision."""

    seen: Sequence[Observation]
    vectors: Matrix
    said: Constraints


class Recognizer:
    """Decides over items against one gallery. Holds no state between items; may be used by several threads."""

    def __init__(self, gallery: Gallery, calibration: Calibration | None = None, profile: Profile = Profile.BALANCED) -> None:
        self._gallery = gallery
        self._calibration = calibration or Calibration.load()
        self._examiner = Examiner(gallery, self._calibration, profile)
        self._constants = self._calibration.models[gallery.models[0]]
        self._likeness = self._constants.likeness

    def decide(
        self,
        observations: Sequence[Observation],
        *,
        threshold: float | None = None,
        rejected: Sequence[tuple[int, int]] = (),
        confirmed: Sequence[tuple[int, int]] = (),
    ) -> ItemDecision:
        """Who is in the item that `observations` are all the faces of.

        `threshold` is the probability from which a name is given (the calibrated operating point when None). `rejected` and
        `confirmed` are (observation id, person id) that a person said.
        """
        primary = self._gallery.models[0]
        seen = [one for one in observations if one.quality >= MATCH_FLOOR and primary in one.embeddings]
        weak, enrolled = len(observations) - len(seen), len(self._gallery)
        if not seen:
            return ItemDecision(settled=False, too_weak=weak, enrolled=enrolled)
        item = _Item(seen, centred(seen, primary, self._constants), _said(seen, rejected, confirmed))
        least = self._calibration.threshold if threshold is None else threshold
        groups, asked = self._people_of(item, min(NAMED, max(least, 0.05)))
        people, unknown = self._named(item, groups, asked, least)
        undecided = [seen[position] for position in asked.wanted]
        settled = not undecided and is_settled([[seen[p] for p in group] for group in groups], asked.probabilities.max(axis=1, initial=0.0))
        return ItemDecision(people, unknown, undecided, settled, weak, enrolled)

    def _people_of(self, item: _Item, named: float) -> tuple[list[list[int]], Asked]:
        """The item's people as groups of faces: tracks, joined where they have the same name, then where they look alike."""
        groups = tracks(item.seen, item.vectors, self._likeness, item.said)
        asked = self._ask(groups, item)
        if len(groups) == 1:
            return groups, asked
        joined = self._join_named(groups, asked, item, named)
        if joined != groups:  # also where only their order changed: a row of `asked` is a group
            asked = self._ask(joined, item)
        apart = conflicts(joined, item.seen, item.vectors, item.said) | _different_names(asked, named)
        final = linked(joined, item.vectors, LOOSE * self._likeness, apart)
        return final, asked if final == joined else self._ask(final, item)

    def _ask(self, groups: Sequence[Sequence[int]], item: _Item) -> Asked:
        asked = self._examiner.ask(groups, item.seen, item.said)
        for row, group in enumerate(groups):
            for position in group:
                if position in item.said.labels:
                    _make_certain(asked, row, self._number(item.said.labels[position]))
        return asked

    def _number(self, person_id: int) -> int | None:
        return next((number for number, person in enumerate(self._gallery.people) if person.id == person_id), None)

    def _join_named(self, groups: list[list[int]], asked: Asked, item: _Item, named: float) -> list[list[int]]:
        if not len(asked.people):
            return groups
        apart = conflicts(groups, item.seen, item.vectors, item.said)
        best, sure = asked.probabilities.argmax(axis=1), asked.probabilities.max(axis=1)
        joined: list[list[int]] = []
        for row in np.argsort(-sure, kind="stable"):
            home = next((group for group in joined if self._belongs(row, group, apart, best, sure, named, item, groups)), None)
            if home is None:
                joined.append([int(row)])
            else:
                home.append(int(row))
        return [sorted(position for row in group for position in groups[row]) for group in joined]

    def _belongs(
        self, row: np.intp, group: list[int], apart: NDArray[np.bool_], best: NDArray[np.intp], sure: NDArray[np.float64],
        named: float, item: _Item, groups: list[list[int]],
    ) -> bool:
        if best[row] != best[group[0]] or sure[row] < named:
            return False
        if not apart[row][group].any():
            return True
        if sure[row] < CERTAIN:  # those of the group are surer: they came first
            return False
        alike = item.vectors[groups[row]].mean(axis=0) @ item.vectors[groups[group[0]]].mean(axis=0)
        return bool(alike >= TIGHT * self._likeness)

    def _named(self, item: _Item, groups: list[list[int]], asked: Asked, threshold: float) -> tuple[list[RecognizedPerson], list[Stranger]]:
        given = assign(asked.probabilities, threshold)
        left = without_taken(asked.probabilities, given, same_frame(groups, item.seen))
        people, unknown = [], []
        for row, group in enumerate(groups):
            faces = [item.seen[position] for position in group]
            name = given[row]
            if name is None:
                unknown.append(Stranger(faces, self._candidates(left[row], asked.people)))
            else:
                note = TWICE if len({face.time for face in faces}) < len(faces) else None
                person = self._recognized(faces, item.vectors[group], int(asked.people[name]), note)
                probability, candidates = float(asked.probabilities[row, name]), self._candidates(left[row], asked.people)
                people.append(replace(person, probability=probability, candidates=candidates))
        return sorted(people, key=lambda one: -one.probability), sorted(unknown, key=lambda one: -len(one.observations))

    def _recognized(self, faces: list[Observation], vectors: Matrix, number: int, note: str | None) -> RecognizedPerson:
        person, primary = self._gallery.people[number], self._gallery.models[0]
        best = int((vectors @ self._gallery.banks[primary].vectors[number]).argmax())
        reference = self._gallery.best_reference(person.id, primary, vectors[best])
        alike = self._similarities(faces, number)
        return RecognizedPerson(person.id, person.name, 0.0, faces[best], faces, (), reference.crop if reference else None, note, alike)

    def _similarities(self, faces: list[Observation], number: int) -> dict[str, float]:
        banks = {model: bank for model, bank in self._gallery.banks.items() if bank.present[number]}
        asked = {model: [face for face in faces if model in face.embeddings] for model in banks}
        return {
            model: float((centred(seen, model, banks[model].constants) @ banks[model].vectors[number]).max())
            for model, seen in asked.items()
            if seen
        }

    def _candidates(self, shares: Probabilities, people: NDArray[np.intp]) -> list[Candidate]:
        count = min(CANDIDATES, len(shares))
        best = np.argpartition(-shares, count - 1)[:count] if count else np.zeros(0, np.intp)
        ordered = sorted(best, key=lambda k: (-shares[k], people[k]))
        return [Candidate(self._gallery.people[people[k]].id, self._gallery.people[people[k]].name, float(shares[k])) for k in ordered]


def _said(seen: Sequence[Observation], rejected: Sequence[tuple[int, int]], confirmed: Sequence[tuple[int, int]]) -> Constraints:
    if not rejected and not confirmed:
        return Constraints({}, frozenset())
    places = {one.id: position for position, one in enumerate(seen) if one.id is not None}
    labels = {places[observation]: person for observation, person in confirmed if observation in places}
    refused = frozenset((places[observation], person) for observation, person in rejected if observation in places)
    return Constraints(labels, refused)


def _different_names(asked: Asked, named: float) -> NDArray[np.bool_]:
    if not len(asked.people):
        return np.zeros((len(asked.probabilities),) * 2, bool)
    best, sure = asked.probabilities.argmax(axis=1), asked.probabilities.max(axis=1) >= named
    return np.asarray((best[:, None] != best[None, :]) & sure[:, None] & sure[None, :])


def _make_certain(asked: Asked, row: int, number: int | None) -> None:
    """What a person said outweighs every score."""
    asked.probabilities[row] = 0.0
    column = np.flatnonzero(asked.people == number) if number is not None else np.zeros(0, np.intp)
    asked.probabilities[row, column] = 1.0
