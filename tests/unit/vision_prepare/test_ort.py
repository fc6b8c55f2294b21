"""ONNX Runtime built for accelerators, on a machine whose libraries are missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stashai.errors import ModelError

ort = pytest.importorskip("stashai.vision.sessions.ort", reason="ONNX Runtime is not installed here")
WANTED = ["TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"]


class Runtime:
    """Stands for `onnxruntime.InferenceSession`: the providers in `broken` cannot be loaded."""

    def __init__(self, *broken: str) -> None:
        self.broken = broken

    def __call__(self, path: str, options: Any, providers: list[Any], enable_fallback: int) -> Runtime:
        assert not enable_fallback, "its own way back prints to standard output"
        self.taken = [named if isinstance(named, str) else named[0] for named in providers]
        if self.taken[0] in self.broken:
            raise RuntimeError(f"{self.taken[0]}: no such library")
        return self

    def get_inputs(self) -> list[Any]:
        return [type("Input", (), {"name": "input"})]

    def get_providers(self) -> list[str]:
        return self.taken


@pytest.mark.parametrize(("broken", "first"), [((), 0), (WANTED[:1], 1), (WANTED[:2], 2)])
def test_the_first_provider_that_can_be_had_is_taken(
    broken: tuple[str, ...], first: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ort.onnxruntime, "InferenceSession", Runtime(*broken))
    assert ort.OrtSession(Path("model.onnx"), WANTED).providers == WANTED[first:]
    assert capsys.readouterr().out == ""


def test_a_network_that_nothing_takes_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ort.onnxruntime, "InferenceSession", Runtime(*WANTED))
    with pytest.raises(ModelError, match="CPUExecutionProvider: no such library"):
        ort.OrtSession(Path("model.onnx"), WANTED)


def test_what_is_said_while_cuda_is_loaded_is_no_answer(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(ort.onnxruntime, "get_available_providers", lambda: WANTED)
    monkeypatch.setattr(ort.onnxruntime, "preload_dlls", lambda: print("Failed to load libcudart.so"))
    ort._load_cuda.cache_clear()
    try:
        assert ort.available_providers() == WANTED
    finally:
        ort._load_cuda.cache_clear()
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "Failed to load libcudart.so\n")
