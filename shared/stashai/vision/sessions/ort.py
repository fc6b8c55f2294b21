"""ONNX Runtime. On a CPU a session has one thread: as many Python threads as cores run it (the GIL is released), which is
half as fast again as one session with many threads, and sessions do not fight for cores."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from ...errors import ModelError
from ..session import Tensor

_log = logging.getLogger(__name__)
PROVIDERS = (
    "TensorrtExecutionProvider",
    "CUDAExecutionProvider",
    "OpenVINOExecutionProvider",
    "CoreMLExecutionProvider",
    "DmlExecutionProvider",
    "CPUExecutionProvider",
)
"""In the order in which they are preferred."""

QUIET = 3
"""Errors only: a provider that is built in but has no device would fill the log otherwise."""

# Elsewhere than on Windows it is too late for this: see stashai.vision.
onnxruntime.disable_telemetry_events()


def available_providers() -> list[str]:
    """Those of PROVIDERS that this build has, the best first."""
    built = set(onnxruntime.get_available_providers())
    if "CUDAExecutionProvider" in built:
        _load_cuda()
    return [name for name in PROVIDERS if name in built]


@cache
def _load_cuda() -> None:
    """CUDA's libraries, where they are packages beside ONNX Runtime: it does not look there by itself. What it says of those
    that are missing is no answer of ours."""
    with redirect_stdout(sys.stderr):
        onnxruntime.preload_dlls()


class OrtSession:
    """A prepared ONNX file, loaded for the first of `providers` that takes it. Raises ModelError when it cannot be."""

    def __init__(self, path: Path, providers: Sequence[str]) -> None:
        self._path = path
        self._session: Any = _opened(path, providers)
        self._input = self._session.get_inputs()[0].name

    @property
    def providers(self) -> list[str]:
        """What the session really runs on, the first one first."""
        return [] if self._session is None else list(self._session.get_providers())

    def run(self, blob: Tensor) -> Sequence[Tensor]:
        """Outputs in the catalog's order for `blob` of (N, 3, H, W) float32. Raises ModelError."""
        if self._session is None:
            raise ModelError(f"The session of {self._path.name} is closed.")
        try:
            results: Sequence[Tensor] = self._session.run(None, {self._input: np.ascontiguousarray(blob, np.float32)})
        except Exception as error:  # onnxruntime's exceptions have no common base but this
            raise ModelError(f"ONNX Runtime cannot run {self._path.name} on {blob.shape}: {error}") from error
        return results

    def warm(self, shape: tuple[int, int, int, int]) -> None:
        """Run once on zeros."""
        self.run(np.zeros(shape, np.float32))

    def close(self) -> None:
        """Free the network."""
        self._session = None


def _opened(path: Path, providers: Sequence[str]) -> Any:
    """A session on the first of `providers` that can be had, with those behind it for what it cannot do. ONNX Runtime's own way
    back is off: it prints to standard output, where answers stand."""
    try:
        named = [_with_options(provider, path) for provider in providers]
        return onnxruntime.InferenceSession(str(path), _options(), providers=named, enable_fallback=0)
    except Exception as error:  # onnxruntime's exceptions have no common base but this
        if len(providers) > 1:
            _log.info("%s cannot be had here: %s", providers[0], error)
            return _opened(path, providers[1:])
        raise ModelError(f"ONNX Runtime cannot load {path.name}: {error}", remedy="Run `stashai models verify`.") from error


def _options() -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = QUIET
    return options


def _with_options(provider: str, path: Path) -> str | tuple[str, Mapping[str, str]]:
    if provider == "TensorrtExecutionProvider":
        # Building an engine takes minutes: it is done once.
        return provider, {"trt_engine_cache_enable": "1", "trt_engine_cache_path": str(path.parent / "engines")}
    return provider
