"""An item's faces as people: their pooled vectors, what each enrolled person's evidence for them is, and who is joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..vision.faces import Observation
from ..vision.profile import Profile
from .calibration import Calibration, ModelConstants, Probabilities, posterior
from .fusion import Matrix, Pooled, Support, evidence, pool
from .gallery import Gallery
from .tracks import Constraints

SECOND_OPINIONS = 3
"""Faces of one person, the best ones, that another model is asked about."""
_CHUNK = 64
_WEAKEST = 0.05


@dataclass(frozen=True, slots=True)
class Asked:
    """The posterior of some people of an item: `people` are the numbers of the candidates (K,) in the gallery,
    `probabilities` (T, K). `wanted` are the positions of faces that another model should be asked about."""

    people: NDArray[np.intp]
    probabilities: Probabilities
    wanted: Sequence[int]


class Examiner:
    """Asks a gallery who groups of an item's faces are."""

    def __init__(self, gallery: Gallery, calibration: Calibration, profile: Profile) -> None:
        self._gallery, self._calibration, self._profile = gallery, calibration, profile
        self._others = tuple(gallery.models[1 : profile.networks])

    def ask(self, groups: Sequence[Sequence[int]], seen: Sequence[Observation], said: Constraints) -> Asked:
        """Who each of `groups` (positions in `seen`) is.

        Other models' vectors count only where the first leaves a group undecided: so the answer does not depend on which of
        them happen to be known already.
        """
        first = [self._pooled(group, seen, self._gallery.models[0]) for group in groups]
        people = self._people(first, groups, seen)
        adjust = self._adjustments(groups, people, said) + self._lasting(groups, seen)
        shares = self._posterior(first, {}, people, adjust)
        low, high = self._calibration.undecided
        best = shares.max(axis=1, initial=0.0)
        open_ = [n for n in range(len(groups)) if self._profile is Profile.THOROUGH or low <= best[n] <= high]
        if not self._others or not open_:
            return Asked(people, shares, ())
        chosen = {n: self._for_others(groups[n], seen) for n in open_}
        for models, rows in self._by_known(chosen, seen).items():
            others = {model: [self._pooled(_having(model, chosen[n], seen), seen, model) for n in rows] for model in models}
            shares[rows] = self._posterior([first[n] for n in rows], others, people, adjust[rows])
        wanted = [p for n in open_ for p in chosen[n] if any(model not in seen[p].embeddings for model in self._others)]
        return Asked(people, shares, wanted)

    def _by_known(self, chosen: Mapping[int, Sequence[int]], seen: Sequence[Observation]) -> dict[tuple[str, ...], list[int]]:
        """The groups by which other models have seen any of their `chosen` faces; those of which none has are left out."""
        found: dict[tuple[str, ...], list[int]] = {}
        for n, positions in chosen.items():
            models = tuple(model for model in self._others if _having(model, positions, seen))
            if models:
                found.setdefault(models, []).append(n)
        return found

    def _for_others(self, group: Sequence[int], seen: Sequence[Observation]) -> list[int]:
        usable = [p for p in group if seen[p].crop is not None or any(model in seen[p].embeddings for model in self._others)]
        if self._profile is Profile.THOROUGH:
            return usable
        return sorted(usable, key=lambda position: -seen[position].quality)[:SECOND_OPINIONS]

    def _pooled(self, group: Sequence[int], seen: Sequence[Observation], model: str) -> Pooled:
        constants = self._calibration.models[model]
        weights = [max(seen[position].quality, _WEAKEST) for position in group]
        return pool(centred([seen[position] for position in group], model, constants), weights, constants.likeness)

    def _people(self, first: Sequence[Pooled], groups: Sequence[Sequence[int]], seen: Sequence[Observation]) -> NDArray[np.intp]:
        items = {self._gallery.models[0]: _rows(first)}
        for model in self._others:
            asked = [seen[position] for group in groups for position in group if model in seen[position].embeddings]
            if asked:
                items[model] = centred(asked, model, self._calibration.models[model])
        found = self._gallery.candidates(items)
        return np.arange(len(self._gallery)) if found is None else found

    def _adjustments(self, groups: Sequence[Sequence[int]], people: NDArray[np.intp], said: Constraints) -> NDArray[np.float64]:
        table = np.zeros((len(groups), len(people)))
        if not said.rejected:
            return table
        column = {self._gallery.people[number].id: k for k, number in enumerate(people)}
        for position, person in said.rejected:
            for row, group in enumerate(groups):
                if position in group and person in column:
                    table[row, column[person]] = -np.inf
        return table

    def _lasting(self, groups: Sequence[Sequence[int]], seen: Sequence[Observation]) -> NDArray[np.float64]:
        moments = [len({seen[position].time for position in group}) for group in groups]
        return np.where(np.array(moments) > 1, self._calibration.lasting, 0.0)[:, None]

    def _posterior(
        self, first: Sequence[Pooled], others: Mapping[str, Sequence[Pooled]], people: NDArray[np.intp], adjust: NDArray[np.float64]
    ) -> Probabilities:
        if not len(people):
            return np.zeros((len(first), 0))
        parts = []
        for start in range(0, len(first), _CHUNK):
            chunk = slice(start, start + _CHUNK)
            ratios = self._evidence(first[chunk], {model: pooled[chunk] for model, pooled in others.items()}, people)
            parts.append(posterior(ratios + adjust[chunk], len(self._gallery)))
        return np.concatenate(parts)

    def _evidence(
        self, first: Sequence[Pooled], others: Mapping[str, Sequence[Pooled]], people: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """The log likelihood ratios (T, K): of each person by the models that their references were seen by, too."""
        gallery, primary = self._gallery, self._gallery.models[0]
        subset = None if len(people) == len(gallery) else people
        support = Support.of(first)
        scores = gallery.banks[primary].scores(_rows(first), subset)
        cosines = {model: gallery.banks[model].cosines(_rows(pooled), subset) for model, pooled in others.items()}
        present = np.array([gallery.banks[model].present[people] for model in others], bool).reshape(len(others), len(people))
        ratios = np.empty((len(first), len(people)))
        for held in {tuple(column) for column in present.T.tolist()}:
            models = [model for model, has in zip(others, held, strict=True) if has]
            fused = self._calibration.configuration((primary, *models))
            by_these = evidence(scores, [cosines[model] for model in models], support, gallery.support[people], fused)
            alike = (present == np.array(held, bool)[:, None]).all(axis=0)
            ratios = np.where(alike, by_these, ratios)
        return ratios


def _having(model: str, positions: Sequence[int], seen: Sequence[Observation]) -> list[int]:
    """Those of some faces that `model` has seen."""
    return [position for position in positions if model in seen[position].embeddings]


def centred(seen: Sequence[Observation], model: str, constants: ModelConstants) -> Matrix:
    """The centred vectors (n, D) of some faces."""
    return constants.centred(np.array([one.embeddings[model] for one in seen], np.float32))


def _rows(pooled: Sequence[Pooled]) -> Matrix:
    return np.array([one.vector for one in pooled], np.float32)
