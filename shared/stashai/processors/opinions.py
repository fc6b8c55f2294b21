"""Further opinions: the other networks are asked about the faces on which the first cannot decide, and only about those."""

from __future__ import annotations

from collections.abc import Sequence

from ..matching.recognizer import ItemDecision, Recognizer
from ..processing.context import Context
from ..processing.stores import SeenFrame
from ..vision.faces import Observation


def decide_with_further_opinions(
    recognizer: Recognizer,
    frames: Sequence[SeenFrame],
    ctx: Context,
    *,
    threshold: float | None,
    others: Sequence[str],
    rejected: Sequence[tuple[int, int]] = (),
    confirmed: Sequence[tuple[int, int]] = (),
) -> ItemDecision:
    """The decision on an item's faces, with the `others`' embeddings fetched where they matter.

    `rejected` and `confirmed` are (observation id, person id). Kept crops are what the other models see, always: so the
    answer does not depend on when they were asked.
    """
    observations = [observation for frame in frames for observation in frame.observations]
    decision = recognizer.decide(observations, threshold=threshold, rejected=rejected, confirmed=confirmed)
    asked = [_ask(seen, model, ctx) for model in others for seen in decision.undecided if model not in seen.embeddings]
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
        ctx.control.advanced()
    return True
