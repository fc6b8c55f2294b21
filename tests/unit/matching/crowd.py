"""Made-up people: vectors that scatter about a person's own as photographs do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stashai.matching.calibration import Calibration, Configuration, ModelConstants
from stashai.matching.fusion import Matrix, feature_names
from stashai.processing.stores import Person, Reference
from stashai.vision.faces import Face, Observation, Vector

SIZES = {"one": 64, "two": 96}
LIKENESS = 0.66


def calibration(threshold: float = 0.9, cohort: float = -12.0) -> Calibration:
    """As fitted ones are: evidence rises with the cosine, falls with what others score."""
    configurations = []
    for models in (("one",), ("two",), ("one", "two")):
        weights = dict.fromkeys(feature_names(models), 0.0)
        weights |= {f"{model}.cosine": 40.0 / len(models) for model in models}
        weights |= {f"{models[0]}.item_cohort": cohort, f"{models[0]}.person_cohort": cohort}
        configurations.append(Configuration(models, weights, -6.0 - 0.3 * (cohort + 12.0)))
    constants = {model: ModelConstants(LIKENESS, 0.15) for model in SIZES}
    return Calibration(threshold, (0.005, 0.995), constants, configurations)


def unit(rows: Matrix) -> Matrix:
    return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True), np.float32)


class Crowd:
    """`count` people, who have vectors of both models."""

    def __init__(self, count: int, seed: int = 0) -> None:
        self._rng = np.random.default_rng(seed)
        self.count = count
        self._own = {model: unit(self._rng.standard_normal((count, size)).astype(np.float32)) for model, size in SIZES.items()}

    def vectors(self, person: int, spread: float = 0.6) -> dict[str, Vector]:
        """A new photograph of somebody: its cosine with another one is about 1 / (1 + spread²)."""
        return {model: self._noisy(rows[person], spread) for model, rows in self._own.items()}

    def _noisy(self, vector: Vector, spread: float) -> Vector:
        noise = self._rng.standard_normal(len(vector)).astype(np.float32)
        return np.asarray(unit(vector + spread * noise / np.linalg.norm(noise)), np.float32)

    def face(
        self, person: int, *, time: float | None = None, x: float = 0.0, spread: float = 0.6, number: int | None = None,
        models: Sequence[str] = ("one",), quality: float = 0.8,
    ) -> Observation:  # fmt: skip
        vectors = self.vectors(person, spread)
        place = Face((x, 10.0, 50.0, 60.0), np.zeros((5, 2), np.float32), 0.9, 0.0)
        return Observation(time, place, quality, {model: vectors[model] for model in models}, crop=f"crop-{number}", id=number)

    def people(self, count: int | None = None) -> list[Person]:
        return [Person(number, f"person {number}", "folder", f"person {number}") for number in range(count or self.count)]

    def references(self, count: int | None = None, each: int = 1, spread: float = 0.6) -> list[Reference]:
        return [self.reference(number, spread) for number in range(count or self.count) for _ in range(each)]

    def reference(self, person: int, spread: float = 0.6, *, of: int | None = None) -> Reference:
        """A reference of `person` (that shows `of`, when somebody else's picture is in the folder)."""
        vectors = self.vectors(person if of is None else of, spread)
        return Reference(person, "folder", "", "", 0.8, (0, 0, 9, 9), f"reference-{person}", vectors)
