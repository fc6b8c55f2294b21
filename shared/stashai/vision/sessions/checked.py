"""An accelerator is believed only after it has given the processor's numbers: drivers, libraries and half precision can
fail at the first run, or quietly."""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np

from ...errors import ModelError
from ..session import Session, Tensor

_TOLERANCE = 1e-2
"""Of the largest output: TF32 and half precision stay below, a wrong kernel does not."""

_log = logging.getLogger(__name__)


def checked(accelerated: Callable[[], Session], plain: Callable[[], Session], blob: Tensor, name: str) -> Session:
    """The accelerated session when it runs `blob` and gives what the plain one gives, else the plain one, with a warning."""
    reference = plain()
    try:
        session = accelerated()
        found = session.run(blob)
    except ModelError as error:
        _log.warning("%s runs on the processor, since the accelerator failed: %s", name, error)
        return reference
    for wanted, got in zip(reference.run(blob), found, strict=True):
        if got.shape != wanted.shape or not np.abs(got - wanted).max() <= _TOLERANCE * max(1.0, float(np.abs(wanted).max())):
            _log.warning("%s runs on the processor, since the accelerator gives other numbers", name)
            session.close()
            return reference
    reference.close()
    return session


def probe(size: tuple[int, int]) -> Tensor:
    """(1, 3, height, width) float32 between 0 and 255 for `size` (width, height): the same at every call."""
    width, height = size
    blob: Tensor = np.random.default_rng(0).uniform(0, 255, (1, 3, height, width)).astype(np.float32)
    return blob
