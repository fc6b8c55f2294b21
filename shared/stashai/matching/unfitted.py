"""Networks that were never fitted beside the others: what is assumed of them, until somebody fits them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..vision.catalog import ModelEntry
from .calibration import Calibration, Configuration, ModelConstants


def completed(fitted: Calibration, entries: Sequence[ModelEntry]) -> Calibration:
    """`fitted` with a pair of the first embedder of `entries` and each other one that it lacks.

    A network that was not fitted stands in for the second one that was: its cosines are brought to that one's scale, and as
    several pairs are averaged (Calibration.configuration) the two share that one's weight. So another opinion never counts for
    more than the fitted ones allow. Where no pair was fitted nothing is assumed, and the others are left out.
    """
    first = entries[0].id
    known = next((pair for pair in fitted.configurations if pair.models[0] == first and len(pair.models) == 2), None)
    strange = unfitted(fitted, [entry.id for entry in entries])
    if known is None or not strange:
        return fitted
    constants = {entry.id: _assumed(entry, entries, fitted, fitted.models[known.models[1]]) for entry in entries if entry.id in strange}
    pairs = [_standing_in(known, model, fitted.models[known.models[1]], assumed) for model, assumed in constants.items()]
    return replace(fitted, models={**fitted.models, **constants}, configurations=[*fitted.configurations, *pairs])


def unfitted(fitted: Calibration, models: Sequence[str]) -> list[str]:
    """Those of `models` that were never fitted together with the first."""
    return [model for model in models[1:] if not fitted.supports((models[0], model))]


def _assumed(entry: ModelEntry, entries: Sequence[ModelEntry], fitted: Calibration, usual: ModelConstants) -> ModelConstants:
    """What the catalog says is usual for a network, else what is usual for a fitted one of its kind."""
    alike = (fitted.models[other.id] for other in entries if other.family == entry.family and other.id in fitted.models)
    near, told = next(alike, usual), entry.calibration
    return ModelConstants(float(told.get("likeness", near.likeness)), float(told.get("cohort", near.cohort)))


def _standing_in(pair: Configuration, model: str, place: ModelConstants, own: ModelConstants) -> Configuration:
    """`pair` with `model` in the place of its second one: likeness and cohort of both fall together."""
    first, second = pair.models
    weight, scale = pair.weights[f"{second}.cosine"], (place.likeness - place.cohort) / (own.likeness - own.cohort)
    others = {name: value for name, value in pair.weights.items() if name != f"{second}.cosine"}
    weights = {**others, f"{model}.cosine": weight * scale}
    return Configuration((first, model), weights, pair.bias + weight * (place.cohort - scale * own.cohort))
