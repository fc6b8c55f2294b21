"""What a worker saw becomes rows of this Stash's: frames, faces, vectors and crops. Arriving twice changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stashai.errors import MediaError

from ..looking.reading import StashFindings, findings_of

if TYPE_CHECKING:
    from ..host.bench import Bench

Json = dict[str, Any]
NOTHING: Json = {
    "status": "done", "people": [], "unknown": [], "flags": [], "too_weak": 0, "width": None, "height": None, "duration": None, "frames": 0,
    "decoded": 0, "enrolled": 0, "models": [], "seconds": {},
}  # fmt: skip


def nothing_yet(fingerprint: str, source: str) -> StashFindings:
    return findings_of(NOTHING, fingerprint, source)


class Arriving:
    """`analysis` names what is kept of a face there: the rows are kept under the same name here."""

    def __init__(self, bench: Bench, analysis: str) -> None:
        self._bench, self._analysis = bench, analysis

    def result(self, shown: Json) -> StashFindings | MediaError:
        """What came of one item."""
        if shown["error"] is not None:
            return MediaError(shown["error"]["message"], code=shown["error"]["code"])
        return self.take(shown)

    def take(self, shown: Json) -> StashFindings:
        look = self._bench.exchange.take_shown(shown, self._analysis, self._bench.stores.crops.put)
        return findings_of(look, look["fingerprint"], look["source"])
