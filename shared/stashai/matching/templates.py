"""One vector a person, kept on the disk between runs: whoever asks again reads and pools only those who changed. Rows are the truth:
a file that is lost or cannot be read is made again."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..processing.stores import Person
from ..replacing import moved_into_place
from .calibration import ModelConstants
from .fusion import Matrix, Pooled, Support
from .index import save_rows

FORMAT = 1
"""Another number when the same references are pooled to something else."""
WORTH_KEEPING = 1000
"""People from which on reading them anew takes longer than a file does."""
CHANGES = 64
"""So many changed people are rather read anew than a file of all is written."""

Rows = NDArray[Any]
"""A row a person, by ascending id: `id`, `stamp`, `looks` (0 without a usable reference), `quality`, `vector` (D,)."""


@dataclass(frozen=True, slots=True)
class Templates:
    """One model's view of P people: `present` (P,) says who has a reference of it, the others' `vectors` (P, D) are zeros."""

    rows: Rows

    @property
    def present(self) -> NDArray[np.bool_]:
        return np.asarray(self.rows["looks"] > 0)

    @property
    def vectors(self) -> Matrix:
        return np.ascontiguousarray(self.rows["vector"])

    @property
    def support(self) -> Support:
        return Support(np.ascontiguousarray(self.rows["looks"]), np.ascontiguousarray(self.rows["quality"]))

    def of(self, chosen: NDArray[np.bool_]) -> Templates:
        return Templates(self.rows[chosen])

    def changed(self, people: Sequence[Person]) -> NDArray[np.bool_]:
        """Which of `people`, by ascending id, are not as they were."""
        found = _places(self.rows, people)
        return (found < 0) | (self.rows["stamp"][found] != _stamps(people)) if len(self.rows) else np.ones(len(people), bool)

    def updated(self, people: Sequence[Person], new: Sequence[Pooled | None]) -> Templates:
        """Of `people`: the rows of those who changed, in their order, are the `new` ones (None without a reference)."""
        changed = self.changed(people)
        size = next((len(one.vector) for one in new if one is not None), self.rows["vector"].shape[1])
        rows = np.zeros(len(people), _layout(size))
        if not changed.all():
            rows[~changed] = self.rows[_places(self.rows, people)[~changed]]
        rows["id"], rows["stamp"] = [person.id for person in people], _stamps(people)
        for place, one in zip(np.flatnonzero(changed), new, strict=True):
            if one is not None:
                rows["looks"][place], rows["quality"][place], rows["vector"][place] = one.looks, one.quality, one.vector
        return Templates(rows)


NOBODY = Templates(np.zeros(0, [("id", "<i8"), ("stamp", "<i8"), ("looks", "<f4"), ("quality", "<f4"), ("vector", "<f4", (1,))]))


def _layout(size: int) -> list[tuple[Any, ...]]:
    return [("id", "<i8"), ("stamp", "<i8"), ("looks", "<f4"), ("quality", "<f4"), ("vector", "<f4", (size,))]


def _stamps(people: Sequence[Person]) -> NDArray[np.int64]:
    return np.array([person.stamp for person in people], np.int64)


def _places(rows: Rows, people: Sequence[Person]) -> NDArray[np.intp]:
    """Where each of `people` is among the rows, -1 for nowhere."""
    ids = np.array([person.id for person in people], np.int64)
    places = np.minimum(np.searchsorted(rows["id"], ids), max(0, len(rows) - 1))
    return np.where(rows["id"][places] == ids, places, -1) if len(rows) else np.full(len(ids), -1)


class Shelf:
    """Where one model's templates of `whose` people lie. `others` are all constants that pooling goes by."""

    def __init__(self, folder: Path, whose: str, model: str, others: Sequence[ModelConstants]) -> None:
        state = [str(FORMAT), *(f"{one.likeness} {one.cohort} {one.centre.tobytes().hex()}" for one in others)]
        self._stem = f"{model}-{_digest([whose])}"
        self._path = folder / f"{self._stem}-{_digest(state)}.people"

    def read(self) -> Templates:
        with suppress(OSError, ValueError, EOFError), self._path.open("rb") as file:
            rows = np.load(file)
            if rows.dtype.names == NOBODY.rows.dtype.names:
                return Templates(rows)
        return NOBODY

    def keep(self, now: Templates, before: Templates, changes: int) -> None:
        """Write it when that is worth it, and always when somebody is gone, whose face must not stay. A folder that cannot be written to
        costs time only."""
        gone = not np.isin(before.rows["id"], now.rows["id"], assume_unique=True).all()
        if not gone and (len(now.rows) < WORTH_KEEPING or changes < CHANGES):
            return
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            for old in self._path.parent.glob(f"{self._stem}-*.people"):
                if old != self._path:
                    old.unlink(missing_ok=True)
            moved_into_place(self._path, lambda partial: save_rows(partial, now.rows))


def _digest(parts: Sequence[str]) -> str:
    return blake2b("\0".join(parts).encode(), digest_size=8).hexdigest()
