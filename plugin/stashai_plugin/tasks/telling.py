"""How far a task is, and what learning came to: in its row for our page, and in Stash's own bar."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ..said import Said
from .more_faces import MoreFaces

if TYPE_CHECKING:
    from stashai.tracking.records import Claim

    from ..engine.base import Engine
    from ..host.bench import Bench


def tell(bench: Bench, claim: Claim, done: int, total: int, said: Said | None = None) -> None:
    """`said` is the sentence; the bare counts when there is none."""
    sentence = said or Said("items-of", f"{done:,} of {total:,}", {"done": done, "total": total})
    fraction = done / max(1, total)
    bench.ledger.heartbeat(claim, progress=100.0 * fraction, message=sentence.kept)
    bench.request.log.progress(fraction)


class Tally:
    """What a task of learning has come to, wherever the faces were looked at. `outcomes` counts performers' pictures."""

    def __init__(self, bench: Bench, claim: Claim) -> None:
        self._bench, self._claim = bench, claim
        self.outcomes: Counter[str] = Counter()
        self._more: MoreFaces | None = None

    def tell(self, done: int, total: int, said: Said) -> None:
        tell(self._bench, self._claim, done, total, said)

    def pictures(self, done: int, total: int) -> None:
        self.tell(done, total, Said("pictures-of", f"{done:,} of {total:,} pictures", {"done": done, "total": total}))

    def second_opinions(self, done: int, total: int) -> None:
        self.tell(done, total, Said("second-model-of", f"Second model: {done:,} of {total:,}", {"done": done, "total": total}))

    def more_faces(self, engine: Engine, check: Callable[[], None]) -> None:
        """Those in tagged pictures and scenes, as the settings say."""
        self._more = MoreFaces(self._bench, engine)
        self._more.learn(check, self.tell)

    def summary(self) -> Mapping[str, object]:
        return {"pictures": dict(self.outcomes), **(self._more.summary() if self._more else {})}

    def told(self) -> str:
        looked, learned = self.outcomes.total(), self.outcomes["enrolled"]
        rest = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(self.outcomes.items()) if outcome != "enrolled")
        return f"Looked at {looked:,} pictures: learned {learned:,}{f' ({rest})' if rest else ''}.{self._more.told() if self._more else ''}"
