"""The seam between networks and runtimes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Tensor = NDArray[np.float32]


class Session(Protocol):
    """A loaded network. Safe to be run by several threads at once; each run uses one thread on a CPU."""

    def run(self, blob: Tensor) -> Sequence[Tensor]:
        """Outputs, in the catalog's order, for `blob` of (N, 3, H, W) float32. Raises ModelError."""
        ...

    def warm(self, shape: tuple[int, int, int, int]) -> None:
        """Run once on zeros, so that the first real run is not the slow one."""
        ...

    def close(self) -> None:
        """Free the network's memory; running it afterwards raises ModelError."""
        ...
