"""Learning by a worker: it looks at the pictures, what they teach is kept here. Standard library and `requests` alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from stashai.processors.stash_performers import SOURCE
from stashai.processors.stash_sync import sync

from ..engine.choosing import engine_on
from ..engine.patience import patiently
from .telling import Tally

if TYPE_CHECKING:
    from stashai.processing.control import JobControl
    from stashai.processors.stash_performers import Learned
    from stashai.stash.mirror import Known
    from stashai.tracking.records import Claim

    from ..engine.base import Engine
    from ..engine.link import Link
    from ..host.bench import Bench

AT_ONCE = 32


class LearningThere:
    """Implements `task.FreeWork`."""

    def __init__(self, bench: Bench, claim: Claim, link: Link) -> None:
        self._bench, self._link = bench, link
        self._tally = Tally(bench, claim)

    def run(self, control: JobControl) -> Mapping[str, object]:
        bench = self._bench
        engine = engine_on(bench, self._link, control)
        sync(bench.gateway, bench.mirror, bench.stores, bench.clock.now(), control.check)
        if bench.preferences["learn"]["performer_images"]:
            self._pictures(engine, control)
        self._tally.more_faces(engine, control.check)
        for model in engine.further_models:
            self._second_opinions(engine, model, control)
        return self._tally.summary()

    def told(self) -> str:
        return self._tally.told()

    def _pictures(self, engine: Engine, control: JobControl) -> None:
        mirror = self._bench.mirror
        _, total = mirror.progress()
        while waiting := mirror.waiting(AT_ONCE):
            part = tuple(waiting)
            for learned in patiently(control, partial(_learned, engine, part)):
                self._tally.outcomes[learned.outcome] += 1
            self._tally.pictures(mirror.progress()[0], total)

    def _second_opinions(self, engine: Engine, model: str, control: JobControl) -> None:
        """What another model makes of the kept crops of all references, so that it can be asked."""
        lacking = self._bench.people.without_vector(model, SOURCE)
        total = len(lacking)
        for start in range(0, total, AT_ONCE):
            part = lacking[start : start + AT_ONCE]
            self._embed(model, part, engine, control)
            self._tally.second_opinions(start + len(part), total)

    def _embed(self, model: str, part: Sequence[tuple[int, str]], engine: Engine, control: JobControl) -> None:
        """(reference, crop) each; one whose crop is gone is left without."""
        chips = {reference: self._bench.stores.crops.get(crop) for reference, crop in part}
        kept = {reference: chip for reference, chip in chips.items() if chip is not None}
        vectors = patiently(control, lambda: engine.vectors(model, list(kept.values())))
        for reference, vector in zip(kept, vectors, strict=True):
            self._bench.people.set_embedding(reference, model, vector)


def _learned(engine: Engine, part: Sequence[Known]) -> list[Learned]:
    return list(engine.learn(part))
