"""A gallery of many people out of what was kept of them: a run reads those who changed since the last one, not everybody."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from ..processing.stores import Person, Reference
from .calibration import Calibration
from .gallery import Gallery, chosen, in_order, pooled, supported
from .templates import Shelf, Templates

Reader = Callable[[Sequence[Person]], list[Reference]]
"""Reads the references of some people."""


class _ReadWhenAsked(dict[int, Sequence[Reference]]):
    """References by person: only those of people who are shown are ever asked for."""

    def __init__(self, people: Sequence[Person], read: Reader, models: Sequence[str], fitted: Calibration) -> None:
        super().__init__()
        self._people, self._read, self._models, self._fitted = {person.id: person for person in people}, read, models, fitted

    def __missing__(self, person_id: int) -> Sequence[Reference]:
        kept, _ = chosen(self._read([self._people[person_id]]), self._models, self._fitted)
        self[person_id] = kept.get(person_id, ())
        return self[person_id]


def kept_gallery(
    people: Sequence[Person], read: Reader, models: Sequence[str], fitted: Calibration, folder: Path, whose: str, *, graphs: bool = True
) -> Gallery:
    """As `Gallery.build` of all references; `whose` names these people among others whose templates lie in `folder`, `graphs` says
    whether it lasts long enough to be worth a search graph."""
    models, known = supported(models, fitted), in_order(people)
    primary = fitted.models[models[0]]
    shelves = {model: Shelf(folder, whose, model, [primary, fitted.models[model]]) for model in models}
    before = {model: shelf.read() for model, shelf in shelves.items()}
    changed = {model: own.changed(known) for model, own in before.items()}
    anybody = np.logical_or.reduce(list(changed.values()))
    kept, outliers = chosen(read([person for person, new in zip(known, anybody, strict=True) if new]), models, fitted)
    now: dict[str, Templates] = {}
    for model, shelf in shelves.items():
        new = [person for person, is_new in zip(known, changed[model], strict=True) if is_new]
        now[model] = before[model].updated(known, pooled(new, kept, model, fitted))
        shelf.keep(now[model], before[model], len(new))
    return Gallery.of(known, now, fitted, _ReadWhenAsked(known, read, models, fitted), outliers, cache=folder, graphs=graphs)
