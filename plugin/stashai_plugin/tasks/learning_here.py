"""Learning by this host's own networks: pictures first, then what else the settings allow, then the second model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from stashai.processors.embeddings import complete
from stashai.processors.stash_learn import learn_batch
from stashai.processors.stash_performers import sync

from ..engine.local import LocalEngine
from ..said import Said
from .more_faces import MoreFaces

if TYPE_CHECKING:
    from stashai.processing.context import Context
    from stashai.tracking.records import Claim

    from ..host.bench import Bench

PICTURES, CROPS = 128, 32
"""So many at once."""
TELL = 16
"""Pictures between two words on how far it is."""


class Learning:
    """Implements `task.Work`."""

    def __init__(self, bench: Bench, claim: Claim) -> None:
        self._bench, self._claim = bench, claim
        self._counts: Counter[str] = Counter()
        self._more: MoreFaces | None = None

    def run(self, ctx: Context) -> Mapping[str, object]:
        sync(self._bench.gateway, self._bench.mirror, ctx.stores, self._bench.clock.now(), ctx.check)
        self._pictures(ctx)
        self._more = MoreFaces(self._bench, LocalEngine(self._bench, ctx.control, None))
        self._more.learn(ctx.check, self._tell)
        self._second_opinions(ctx)
        return {"pictures": dict(self._counts), **self._more.summary()}

    def _pictures(self, ctx: Context) -> None:
        mirror = self._bench.mirror
        _, total = mirror.progress()
        while self._bench.preferences["learn"]["performer_images"] and (waiting := mirror.waiting(PICTURES)):
            ctx.check()
            before = mirror.progress()[0]
            for number, learned in enumerate(learn_batch(waiting, self._bench.gateway, mirror, ctx), 1):
                self._counts[learned.outcome] += 1
                if number % TELL == 0 or number == len(waiting):
                    done = before + number
                    self._tell(done, total, Said("pictures-of", f"{done:,} of {total:,} pictures", {"done": done, "total": total}))

    def _second_opinions(self, ctx: Context) -> None:
        """The other installed models look at the kept crops of all references, so that they can be asked."""
        vision, cores = self._bench.vision, self._bench.settings.cores
        models = [model for model in vision.installed_embedders if model != vision.primary]
        lacking = [r for r in self._bench.stores.people.references() if r.usable and any(m not in r.embeddings for m in models)]
        with ThreadPoolExecutor(cores) as pool:
            for start in range(0, len(lacking), CROPS):
                ctx.check()
                part = lacking[start : start + CROPS]
                list(pool.map(lambda share: complete(share, models, ctx), [part[i::cores] for i in range(cores)]))
                done = start + len(part)
                total = len(lacking)
                self._tell(done, total, Said("second-model-of", f"Second model: {done:,} of {total:,}", {"done": done, "total": total}))

    def _tell(self, done: int, total: int, said: Said) -> None:
        fraction = done / max(1, total)
        self._bench.ledger.heartbeat(self._claim, progress=100.0 * fraction, message=said.kept)
        self._bench.request.log.progress(fraction)

    def told(self) -> str:
        looked, learned = self._counts.total(), self._counts["enrolled"]
        rest = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(self._counts.items()) if outcome != "enrolled")
        return f"Looked at {looked:,} pictures: learned {learned:,}{f' ({rest})' if rest else ''}.{self._more.told() if self._more else ''}"
