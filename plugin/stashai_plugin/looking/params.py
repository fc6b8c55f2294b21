"""Who is compared with, and by which networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stashai.processors.recognition import RecognitionParams
from stashai.processors.stash_learn import ORIGIN

if TYPE_CHECKING:
    from ..host.bench import Bench

INLINE = 8
"""References without the second model's embedding that a step may complete by itself; more are the learning task's."""


def recognition_params(bench: Bench) -> RecognitionParams:
    """What the settings ask for. All performers of this Stash who were learned are compared with; the second model joins when
    it knows them, too."""
    profile = bench.preferences["profile"]
    embedders = [bench.vision.primary]
    if profile != "fast":
        embedders += [m for m in bench.vision.installed_embedders if m != bench.vision.primary and lacking(bench, m) <= INLINE]
    return RecognitionParams(people=ORIGIN, threshold=bench.preferences["suggest_from"], profile=profile, embedders=embedders)


def lacking(bench: Bench, model: str) -> int:
    """How many usable references have no embedding of `model` yet."""
    query = (
        "SELECT count(*) FROM reference_faces r WHERE r.usable AND NOT EXISTS "
        "(SELECT 1 FROM reference_embeddings e WHERE e.reference = r.id AND e.model = ?)"
    )
    return int(bench.ledger.database.scalar(query, (model,)))
