"""Whether two faces are one person, with nobody else in sight."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from ..errors import ModelError
from .calibration import Calibration, Configuration
from .fusion import Scores, evidence, fewness


def same_person(cosines: Mapping[str, float], calibration: Calibration | None = None) -> float:
    """P(one person | the cosine of two faces by model id), where both were as likely before.

    The first of `cosines` is the primary model; models that were not fitted with it are left out. Raises ModelError when
    there is no calibration for any of them.
    """
    fitted = calibration or Calibration.load()
    chosen = _largest(cosines, fitted)
    first, *rest = chosen.models
    cohort = np.full((1, 1), fitted.models[first].cohort, np.float32)
    scores = Scores(np.full((1, 1), cosines[first], np.float32), cohort, cohort[0], fewness(0))
    others = [np.full((1, 1), cosines[model], np.float32) for model in rest]
    once = np.ones(1, np.float32)
    ratio = float(evidence(scores, others, once, once, chosen)[0, 0])
    return 1.0 / (1.0 + math.exp(-max(-700.0, min(700.0, ratio))))


def _largest(cosines: Mapping[str, float], fitted: Calibration) -> Configuration:
    usable = [known for known in fitted.configurations if set(known.models) <= set(cosines)]
    if not usable:
        raise ModelError(
            f"There is no calibration for {', '.join(cosines) or 'no model'}: its scores mean nothing yet.",
            code="not-calibrated",
            remedy="Fit one on labelled photographs with scripts/fit_calibration.py.",
        )
    return max(usable, key=lambda known: len(known.models))
