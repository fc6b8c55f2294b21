"""Which calibration holds for the networks in use: the one that the user fitted, or the one that travels with the program."""

from __future__ import annotations

from collections.abc import Sequence

from ..settings import Settings
from ..vision.catalog import Catalog
from .calibration import Calibration
from .unfitted import completed

OWN = "calibration.toml"
"""In the data folder: what scripts/fit_calibration.py wrote for networks of the user's own choice."""


def calibration_for(models: Sequence[str], settings: Settings) -> Calibration:
    """The calibration in which the first of `models` is fitted (the user's own one comes first), with what is assumed of others
    that are not. Raises ModelError with the remedy when it is in neither."""
    fitted = fitted_for(models[0], settings)
    if len(models) < 2:
        return fitted
    catalog = Catalog.of(settings)
    return completed(fitted, [catalog.get(model) for model in models])


def fitted_for(model: str, settings: Settings) -> Calibration:
    """The calibration in which `model` is fitted, as it was written."""
    own, shipped = settings.data / OWN, Calibration.load()
    if own.is_file():
        fitted = Calibration.load(own)
        if fitted.supports((model,)):
            return fitted
    shipped.configuration((model,))
    return shipped
