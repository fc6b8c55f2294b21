"""Whether two faces are one person, with nobody else in sight."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from ..errors import ModelError
from ..vision.faces import Vector
from .calibration import Calibration, Configuration, ModelConstants
from .fusion import Scores, Support, evidence, fewness


def same_person(one: Mapping[str, Vector], other: Mapping[str, Vector], calibration: Calibration | None = None) -> float:
    """P(one person | two faces' unit vectors by model id), where both were as likely before.

    The first model that both have is the primary one; models that were not fitted with it are left out. Raises ModelError
    when there is no calibration for any of them.
    """
    fitted = calibration or Calibration.load()
    chosen = _largest([model for model in one if model in other], fitted)
    cosines = {model: _centred_cosine(one[model], other[model], fitted.models[model]) for model in chosen.models}
    first, *rest = chosen.models
    cohort = np.full((1, 1), fitted.models[first].cohort, np.float32)
    scores = Scores(np.full((1, 1), cosines[first], np.float32), cohort, cohort[0], fewness(0))
    others = [np.full((1, 1), cosines[model], np.float32) for model in rest]
    once = Support(np.ones(1, np.float32), np.ones(1, np.float32))
    ratio = float(evidence(scores, others, once, once, chosen)[0, 0])
    return 1.0 / (1.0 + math.exp(-max(-700.0, min(700.0, ratio))))


def _centred_cosine(one: Vector, other: Vector, constants: ModelConstants) -> float:
    return float(constants.centred(one) @ constants.centred(other))


def _largest(models: Sequence[str], fitted: Calibration) -> Configuration:
    usable = [known for known in fitted.configurations if set(known.models) <= set(models)]
    if not usable:
        raise ModelError(
            f"There is no calibration for {', '.join(models) or 'no model'}: its scores mean nothing yet.",
            code="not-calibrated",
            remedy="Fit one on labelled photographs with scripts/fit_calibration.py.",
        )
    return max(usable, key=lambda known: len(known.models))
