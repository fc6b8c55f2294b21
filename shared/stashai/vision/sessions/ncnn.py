"""ncnn, where ONNX Runtime has no wheel (musl on x86_64 and ARM64): as fast or near it, one thread a run."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ncnn
import numpy as np

from ...errors import ModelError
from ..session import Tensor


class NcnnSession:
    """A prepared pair of `.param` and `.bin` files, loaded. Raises ModelError when it cannot be.

    ncnn knows no batches: they are run one after the other. The network is read-only once loaded; each run has its own
    extractor, so several threads may run at once.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._buffers = threading.local()
        self._net: Any = ncnn.Net()
        _configure(self._net.opt)
        weights = path.with_suffix(".bin")
        if self._net.load_param(str(path)) != 0 or self._net.load_model(str(weights)) != 0:
            raise ModelError(f"ncnn cannot load {path.name} and {weights.name}.", remedy="Run `stashai models verify`.")
        self._input = self._net.input_names()[0]
        # ncnn lists them as it meets them; they were numbered in the catalog's order when the file was written.
        self._outputs = [f"out{number}" for number in range(len(self._net.output_names()))]

    def run(self, blob: Tensor) -> Sequence[Tensor]:
        """Outputs in the catalog's order for `blob` of (N, 3, H, W) float32. Raises ModelError."""
        if self._net is None:
            raise ModelError(f"The session of {self._path.name} is closed.")
        singles = [self._run_one(image) for image in blob]
        if len(singles) == 1:
            return [output[np.newaxis] for output in singles[0]]
        return [np.stack(column) for column in zip(*singles, strict=True)]

    def warm(self, shape: tuple[int, int, int, int]) -> None:
        """Run once on zeros."""
        self.run(np.zeros((1, *shape[1:]), np.float32))

    def close(self) -> None:
        """Free the network."""
        self._net = None

    def _run_one(self, image: Tensor) -> list[Tensor]:
        given, view = self._buffer(image.shape)
        view[...] = image
        results = []
        with self._net.create_extractor() as extractor:
            extractor.input(self._input, given)
            for name in self._outputs:
                status, result = extractor.extract(name)
                if status != 0:
                    raise ModelError(f"ncnn cannot run {self._path.name} on {image.shape} (status {status} at {name}).")
                results.append(np.array(result, np.float32))
        return results

    def _buffer(self, shape: tuple[int, ...]) -> tuple[Any, Tensor]:
        """This thread's input of that shape, as ncnn's matrix and as the array that writes into it.

        It is ncnn's memory, since a Mat made of an array points into numpy's, and it is kept: musl gives large blocks back
        to the system at once, and asking for them again costs a page fault for every 4 kB.
        """
        kept = getattr(self._buffers, "kept", None)
        if kept is None or kept[1].shape != shape:
            channels, height, width = shape
            matrix = ncnn.Mat(width, height, channels)
            kept = self._buffers.kept = matrix, np.array(matrix, copy=False)
        found: tuple[Any, Tensor] = kept
        return found


def _configure(options: Any) -> None:
    options.num_threads = 1
    options.use_vulkan_compute = False
    # Half precision would move the outputs by more than a decision may depend on.
    options.use_fp16_packed = False
    options.use_fp16_storage = False
    options.use_fp16_arithmetic = False
    options.use_bf16_storage = False
