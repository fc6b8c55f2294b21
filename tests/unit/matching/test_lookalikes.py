"""Two folders for one face are told; strangers are not."""

from __future__ import annotations

import numpy as np

from stashai.matching.calibration import Calibration
from stashai.matching.gallery import Gallery
from stashai.matching.lookalikes import lookalikes
from stashai.processing.stores import Person, Reference
from stashai.vision.faces import Vector


def unit(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Vector:
    return np.asarray(values / np.linalg.norm(values), np.float32)


def gallery(vectors: list[Vector]) -> Gallery:
    model = Calibration.load().configurations[0].models[0]
    people = [Person(number, f"P{number}", "folder", f"P{number}") for number in range(len(vectors))]
    references = [Reference(n, "o", "p", "f", 0.99, (0, 0, 1, 1), "c", {model: vector}) for n, vector in enumerate(vectors)]
    return Gallery.build(people, references, [model])


def test_one_face_under_two_names_is_told() -> None:
    rng = np.random.default_rng(1)
    vectors = [unit(rng.normal(size=128)) for _ in range(300)]
    vectors.append(unit(vectors[7] + 0.05 * rng.normal(size=128)))
    pairs = list(lookalikes(gallery(vectors)))
    assert [(pair.first.name, pair.second.name) for pair in pairs] == [("P7", "P300")]
    assert pairs[0].probability >= 0.95


def test_different_people_are_not_told() -> None:
    rng = np.random.default_rng(2)
    assert list(lookalikes(gallery([unit(rng.normal(size=128)) for _ in range(300)]))) == []
