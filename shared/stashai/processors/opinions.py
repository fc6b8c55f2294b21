"""Second opinions: the other network is asked about the faces on which the first cannot decide, and only about those."""

from __future__ import annotations

from collections.abc import Sequence

from ..matching.recognizer import ItemDecision, Recognizer
from ..processing.context import Context
from ..processing.stores import SeenFrame
from ..vision.faces import Observation


def decide_with_second_opinion(
    recognizer: Recognizer,
    frames: Sequence[SeenFrame],
    ctx: Context,
    *,
    threshold: float | None,
    second: str | None,
    rejected: Sequence[tuple[int, int]] = (),
    confirmed: Sequence[tuple[int, int]] = (),
) -> ItemDecision:
    """The decision on an item's faces, with the second model's embeddings fetched where they matter.

    `rejected` and `confirmed` are (observation id, person id). Kept crops are what the second model sees, always: so the
    answer does not depend on when it was asked.
    """
    observations = [observation for frame in frames for observation in frame.observations]
    decision = recognizer.decide(observations, threshold=threshold, rejected=rejected, confirmed=confirmed)
    if second is None:
        return decision
    asked = [_ask(observation, second, ctx) for observation in decision.undecided if second not in observation.embeddings]
    if any(asked):
        decision = recognizer.decide(observations, threshold=threshold, rejected=rejected, confirmed=confirmed)
    return decision


def _ask(observation: Observation, model: str, ctx: Context) -> bool:
    ctx.check()
    chip = ctx.stores.crops.get(observation.crop) if observation.crop else None
    if chip is None:
        return False
    vector = ctx.vision.embed_chip(model, chip)
    observation.embeddings[model] = vector
    if observation.id is not None:
        ctx.stores.observations.add_embedding(observation.id, model, vector)
    return True
