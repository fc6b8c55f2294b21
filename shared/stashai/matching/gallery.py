"""Who may be found: one template a person and model, pooled from their references, and how alike others are to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..processing.stores import Person, Reference
from ..vision.faces import Vector
from .calibration import Calibration, ModelConstants
from .fusion import Matrix, Pooled, Scores, Support, cohort_means, fewness, pool
from .index import EXACT_UP_TO, ExactIndex, VectorIndex, open_index
from .templates import NOBODY, Templates

COHORT = 400
"""Enrolled people, evenly spread, that serve as the others everybody is compared with."""
NEIGHBOURS = 64
"""Candidates a model when there are too many people to score all."""
OUTLIER = 0.45
"""A reference whose cosine with its person's other references is below this share of the usual likeness is left out."""
_ROWS = 2048


@dataclass(frozen=True)
class Bank:
    """One model's templates: `vectors` (P, D) in the order of the gallery's people, zeros where somebody has no reference of
    this model (`present`). `cohort` are the people whose columns are the cohort."""

    constants: ModelConstants
    vectors: Matrix
    present: NDArray[np.bool_]
    cohort: NDArray[np.intp]
    index: VectorIndex

    @cached_property
    def person_cohort(self) -> NDArray[np.float32]:
        """(P,) everybody's mean with the cohort. Only the first model's is ever asked for."""
        return person_cohorts(self.vectors, self.cohort, self.constants.cohort)

    def cosines(self, items: Matrix, people: NDArray[np.intp] | None = None) -> Matrix:
        """`items` (T, D) against all people (T, P), or against the candidates `people` (T, K)."""
        return items @ (self.vectors if people is None else self.vectors[people]).T

    def scores(self, items: Matrix, people: NDArray[np.intp] | None = None) -> Scores:
        """The same with the cohort means of both sides."""
        cosine = self.cosines(items, people)
        total = cosine.shape[1]
        columns = self.cohort if people is None else np.searchsorted(people, self.cohort)
        others = cosine[:, self.cohort] if people is None else items @ self.vectors[self.cohort].T
        if people is not None:  # a cohort member that is no candidate has a column of its own beyond the candidates
            columns = np.where(people[np.minimum(columns, len(people) - 1)] == self.cohort, columns, len(people))
        means = cohort_means(others, columns, self.constants.cohort, total + 1)[:, :total]
        person = self.person_cohort if people is None else self.person_cohort[people]
        return Scores(cosine, means, person, fewness(len(self.cohort)))


@dataclass(frozen=True, slots=True)
class Gallery:
    """Everybody who has at least one usable reference; all vectors are centred. `support` (P,) is what
    their vectors rest on; `outliers` are references that were left out because they look like somebody else than the
    person's other ones."""

    people: Sequence[Person]
    models: Sequence[str]
    banks: Mapping[str, Bank]
    support: Support
    references: Mapping[int, Sequence[Reference]]
    outliers: Sequence[Reference]

    @classmethod
    def build(
        cls,
        people: Iterable[Person],
        references: Iterable[Reference],
        models: Sequence[str],
        calibration: Calibration | None = None,
        *,
        cache: Path | None = None,
    ) -> Gallery:
        """The gallery of `people` in the order of their ids. The first of `models` is the primary one: who has no usable
        reference of it is not enrolled, and ModelError is raised when it has no calibration. Others that were not fitted
        together with it are left out. `cache` is a folder for the search graphs of large galleries."""
        fitted = calibration or Calibration.load()
        models, known = supported(models, fitted), in_order(people)
        kept, outliers = chosen(references, models, fitted)
        templates = {model: NOBODY.updated(known, pooled(known, kept, model, fitted)) for model in models}
        return cls.of(known, templates, fitted, kept, outliers, cache=cache)

    @classmethod
    def of(
        cls,
        people: Sequence[Person],
        templates: Mapping[str, Templates],
        fitted: Calibration,
        references: Mapping[int, Sequence[Reference]],
        outliers: Sequence[Reference],
        *,
        cache: Path | None,
        graphs: bool = True,
    ) -> Gallery:
        """`people` in the order of `templates`, the first of which is the primary model's. Without `graphs` every search is exact."""
        models = tuple(templates)
        present = templates[models[0]].present
        enrolled = {model: own.of(present) for model, own in templates.items()}
        banks = {model: _bank(own, model, fitted.models[model], cache, graphs) for model, own in enrolled.items()}
        known = [person for person, has in zip(people, present, strict=True) if has]
        return cls(known, models, banks, enrolled[models[0]].support, references, outliers)

    def __len__(self) -> int:
        return len(self.people)

    def candidates(self, items: Mapping[str, Matrix]) -> NDArray[np.intp] | None:
        """People worth scoring for any of the items (their numbers, ascending); None when that is everybody."""
        if len(self) <= EXACT_UP_TO:
            return None
        found = [self.banks[model].index.search(rows, NEIGHBOURS)[0].ravel() for model, rows in items.items() if len(rows)]
        return np.unique(np.concatenate(found)).astype(np.intp)

    def best_reference(self, person_id: int, model: str, vector: Vector) -> Reference | None:
        """The person's reference that is most like `vector` (centred); None when they were deleted meanwhile."""
        own = [known for known in self.references[person_id] if model in known.embeddings]
        return max(own, key=lambda known: float(known.embeddings[model] @ vector), default=None)


def supported(models: Sequence[str], fitted: Calibration) -> list[str]:
    """Those that can be asked together; ModelError when the first has no calibration."""
    fitted.configuration(models[:1])
    return [models[0], *(model for model in models[1:] if fitted.supports((models[0], model)))]


def in_order(people: Iterable[Person]) -> list[Person]:
    return sorted(people, key=lambda person: person.id)


def chosen(
    references: Iterable[Reference], models: Sequence[str], fitted: Calibration
) -> tuple[dict[int, list[Reference]], list[Reference]]:
    """By person the references that count, with the centred vectors of `models`, and the outliers among them."""
    kept: dict[int, list[Reference]] = {}
    outliers: list[Reference] = []
    for person, own in _grouped(references, models, fitted.models).items():
        kept[person], odd = split_outliers(own, models[0], fitted.models[models[0]].likeness)
        outliers += odd
    return kept, outliers


def pooled(people: Iterable[Person], kept: Mapping[int, Sequence[Reference]], model: str, fitted: Calibration) -> list[Pooled | None]:
    """Everybody's references as one, None without any of that model."""
    return [_pooled(kept.get(person.id, ()), model, fitted.models[model].likeness) for person in people]


def split_outliers(references: Sequence[Reference], model: str, likeness: float) -> tuple[list[Reference], list[Reference]]:
    """(kept, outliers): of three and more references, those that look like nobody of the others are outliers, the oddest
    first, as long as three or more are left. What a person confirmed is never one."""
    kept, odd = list(references), []
    while len(kept) >= 3:
        rows = np.array([known.embeddings[model] for known in kept])
        others = rows.sum(axis=0) - rows
        likes = (rows * others).sum(axis=1) / np.maximum(np.linalg.norm(others, axis=1), 1e-9)
        likes[[known.confirmed for known in kept]] = 1.0
        worst = int(likes.argmin())
        if likes[worst] >= OUTLIER * likeness:
            break
        odd.append(kept.pop(worst))
    return kept, odd


def _grouped(
    references: Iterable[Reference], models: Sequence[str], constants: Mapping[str, ModelConstants]
) -> dict[int, list[Reference]]:
    """The usable references by person, with the centred vectors of `models`."""
    grouped: dict[int, list[Reference]] = {}
    for known in references:
        if known.usable and models[0] in known.embeddings:
            vectors = {model: constants[model].centred(known.embeddings[model]) for model in models if model in known.embeddings}
            grouped.setdefault(known.person_id, []).append(replace(known, embeddings=vectors))
    return grouped


def _pooled(references: Sequence[Reference], model: str, likeness: float) -> Pooled | None:
    own = [known for known in references if model in known.embeddings]
    if not own:
        return None
    return pool([known.embeddings[model] for known in own], [max(known.quality, 0.05) for known in own], likeness)


def _bank(own: Templates, model: str, constants: ModelConstants, cache: Path | None, graphs: bool) -> Bank:
    present, vectors = own.present, own.vectors
    where = np.flatnonzero(present)
    cohort = where[np.linspace(0, len(where) - 1, min(COHORT, len(where))).astype(np.intp)] if len(where) else where
    index = open_index(vectors, folder=cache, key=model) if graphs else ExactIndex(vectors)
    return Bank(constants, vectors, present, cohort, index)


def person_cohorts(vectors: Matrix, cohort: NDArray[np.intp], usual: float) -> NDArray[np.float32]:
    """Everybody's cohort mean (P,), their own column left out."""
    means = np.empty(len(vectors), np.float32)
    for start in range(0, len(vectors), _ROWS):
        part = vectors[start : start + _ROWS]
        # For nobody's own column: nothing is left out.
        means[start : start + len(part)] = cohort_means(part @ vectors[cohort].T, cohort[:0], usual, 1)[:, 0]
    own = cohort_means(vectors[cohort] @ vectors[cohort].T, np.arange(len(cohort)), usual, len(cohort))
    means[cohort] = own.diagonal()
    return means
