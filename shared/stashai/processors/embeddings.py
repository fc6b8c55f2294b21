"""References that lack a model's embedding get it from their kept crop: after a change of model, or when FaceNet came later."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..processing.context import Context
from ..processing.stores import Reference


def complete(references: Sequence[Reference], models: Iterable[str], ctx: Context) -> list[Reference]:
    """`references` with an embedding of each of `models`; those whose crop is gone are left out of what they lack."""
    for reference in references:
        for model in models:
            if reference.usable and model not in reference.embeddings:
                ctx.check()
                _embed(reference, model, ctx)
    return list(references)


def _embed(reference: Reference, model: str, ctx: Context) -> None:
    chip = ctx.stores.crops.get(reference.crop)
    if chip is None or reference.id is None:
        return
    vector = ctx.vision.embed_chip(model, chip)
    ctx.stores.people.set_embedding(reference.id, model, vector)
    reference.embeddings[model] = vector
