"""Learning by a worker: it looks at the pictures, what they teach is kept here. Standard library and `requests` alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from stashai.processors.stash_performers import SOURCE, sync

from ..engine.choosing import engine_on
from ..said import Said
from .more_faces import MoreFaces
from .patience import patiently

if TYPE_CHECKING:
    from stashai.processing.control import JobControl
    from stashai.tracking.records import Claim

    from ..engine.base import Engine
    from ..engine.link import Link
    from ..host.bench import Bench

AT_ONCE = 32


class LearningThere:
    """Implements `task.FreeWork`."""

    def __init__(self, bench: Bench, claim: Claim, link: Link) -> None:
        self._bench, self._claim, self._link = bench, claim, link
        self._counts: Counter[str] = Counter()
        self._more: MoreFaces | None = None

    def run(self, control: JobControl) -> Mapping[str, object]:
        bench = self._bench
        engine = engine_on(bench, self._link, control)
        sync(bench.gateway, bench.mirror, bench.stores, bench.clock.now(), control.check)
        self._more = MoreFaces(bench, engine)
        if bench.preferences["learn"]["performer_images"]:
            self._pictures(engine, control)
        self._more.learn(control.check, self._tell)
        for model in engine.further_models:
            self._second_opinions(engine, model, control)
        return {"pictures": dict(self._counts), **self._more.summary()}

    def told(self) -> str:
        looked, learned = self._counts.total(), self._counts["enrolled"]
        rest = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(self._counts.items()) if outcome != "enrolled")
        return f"Looked at {looked:,} pictures: learned {learned:,}{f' ({rest})' if rest else ''}.{self._more.told() if self._more else ''}"

    def _pictures(self, engine: Engine, control: JobControl) -> None:
        mirror = self._bench.mirror
        _, total = mirror.progress()
        while waiting := mirror.waiting(AT_ONCE):
            part = tuple(waiting)
            for learned in patiently(control, lambda part=part: list(engine.learn(part))):  # type: ignore[misc]
                self._counts[learned.outcome] += 1
            done = mirror.progress()[0]
            self._tell(done, total, Said("pictures-of", f"{done:,} of {total:,} pictures", {"done": done, "total": total}))

    def _second_opinions(self, engine: Engine, model: str, control: JobControl) -> None:
        """What another model makes of the kept crops of all references, so that it can be asked."""
        lacking = self._bench.people.without_vector(model, SOURCE)
        total = len(lacking)
        for start in range(0, total, AT_ONCE):
            part = lacking[start : start + AT_ONCE]
            self._embed(model, part, engine, control)
            done = start + len(part)
            self._tell(done, total, Said("second-model-of", f"Second model: {done:,} of {total:,}", {"done": done, "total": total}))

    def _embed(self, model: str, part: Sequence[tuple[int, str]], engine: Engine, control: JobControl) -> None:
        """(reference, crop) each; one whose crop is gone is left without."""
        chips = {reference: self._bench.stores.crops.get(crop) for reference, crop in part}
        kept = {reference: chip for reference, chip in chips.items() if chip is not None}
        vectors = patiently(control, lambda: engine.vectors(model, list(kept.values())))
        for reference, vector in zip(kept, vectors, strict=True):
            self._bench.people.set_embedding(reference, model, vector)

    def _tell(self, done: int, total: int, said: Said) -> None:
        fraction = done / max(1, total)
        self._bench.ledger.heartbeat(self._claim, progress=100.0 * fraction, message=said.kept)
        self._bench.request.log.progress(fraction)
