"""Unknown faces of several images put together by likeness: one group a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from typing import TYPE_CHECKING

from stashai.matching.plain import LOOSE, fitted_models, joined

from .people_rows import unknown_key

if TYPE_CHECKING:
    from stashai.contracts.findings import UnknownPerson

    from ..host.bench import Bench
    from .reading import StashFindings

MOST_COMPARED, MOST_PLAIN = 2000, 200
"""Further ones are a group each: all are compared with all. The latter without numpy, some hundred times as slow."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """Somebody in one image whose name is not known."""

    image: str
    findings: StashFindings
    who: UnknownPerson

    @property
    def key(self) -> str:
        return unknown_key(self.who.faces)


def grouped(bench: Bench, seen: Sequence[Sighting]) -> list[list[Sighting]]:
    """Each person's sightings; two in one image are two people."""
    fast = find_spec("numpy") is not None
    model = bench.vision.primary if fast else fitted_models()[0]
    vectors = [_vectors(bench, one, model) for one in seen[: MOST_COMPARED if fast else MOST_PLAIN]]
    comparable = [number for number, own in enumerate(vectors) if own]
    faces, images = [vectors[n] for n in comparable], [seen[n].image for n in comparable]
    groups = _alike(bench, model, faces, images) if fast else joined(faces, images, model)
    together = [[seen[comparable[n]] for n in group] for group in groups]
    return together + [[one] for number, one in enumerate(seen) if number not in set(comparable)]


def _vectors(bench: Bench, one: Sighting, model: str) -> list[bytes]:
    kept = (bench.exchange.vectors_of(face.observation).get(model) for face in one.who.faces)
    return [vector for vector in kept if vector is not None]


def _alike(bench: Bench, model: str, vectors: Sequence[Sequence[bytes]], images: Sequence[str]) -> list[list[int]]:
    """Groups of positions, joined as an item's own unknown faces are."""
    import numpy as np

    from stashai.matching.fitted import calibration_for
    from stashai.matching.tracks import linked
    from stashai.tracking.vectors import vector_of

    if not vectors:
        return []
    constants = calibration_for([model], bench.settings).models[model]
    ends = np.cumsum([0, *map(len, vectors)])
    rows = constants.centred(np.array([vector_of(vector) for own in vectors for vector in own], np.float32))
    apart = np.array(images)[:, None] == np.array(images)[None, :]
    np.fill_diagonal(apart, False)
    joined = linked([list(range(start, end)) for start, end in pairwise(ends)], rows, LOOSE * constants.likeness, apart)
    return [sorted({int(np.searchsorted(ends, row, side="right")) - 1 for row in group}) for group in joined]
