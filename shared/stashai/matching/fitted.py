"""Which calibration holds for the networks in use: the one that the user fitted, or the one that travels with the program."""

from __future__ import annotations

from collections.abc import Sequence

from ..settings import Settings
from .calibration import Calibration

OWN = "calibration.toml"
"""In the data folder: what scripts/fit_calibration.py wrote for networks of the user's own choice."""


def calibration_for(models: Sequence[str], settings: Settings) -> Calibration:
    """The calibration in which the first of `models` is fitted: the user's own one comes first. Raises ModelError with the
    remedy when it is in neither."""
    own, shipped = settings.data / OWN, Calibration.load()
    if own.is_file():
        fitted = Calibration.load(own)
        if fitted.supports(models[:1]):
            return fitted
    shipped.configuration(models[:1])
    return shipped
