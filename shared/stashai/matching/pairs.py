"""Two faces, one question: are they one person."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from .calibration import Calibration
from .fusion import Scores, evidence


def same_person(cosines: Mapping[str, float], calibration: Calibration | None = None) -> float:
    """The probability that two faces are one person, when both answers were equally likely before: the likelihood ratio of the
    fused evidence alone. `cosines` by model id; models that the calibration does not know together are left out, the first
    one counts always. Raises ModelError when there is no calibration for it.
    """
    constants = calibration or Calibration.load()
    models = tuple(cosines) if constants.supports(tuple(cosines)) else tuple(cosines)[:1]
    one = np.ones(1, np.float32)
    scores = {
        model: Scores(
            np.full((1, 1), cosines[model], np.float32),
            np.full((1, 1), constants.models[model].cohort, np.float32),
            np.full(1, constants.models[model].cohort, np.float32),
        )
        for model in models
    }
    ratio = float(evidence(scores, one, one, constants.configuration(models))[0, 0])
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, ratio))))
