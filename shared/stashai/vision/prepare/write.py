"""Prepared graphs to files, one way for each runtime."""

from __future__ import annotations

from pathlib import Path

from ..catalog import ModelEntry
from .ncnn_file import write_ncnn
from .ncnn_layers import ncnn_layers
from .onnx_file import write_onnx
from .pipeline import prepared_graph
from .prelu import rewrite_prelu


def write_for_ort(entry: ModelEntry, weights: Path, folder: Path) -> None:
    """`model.onnx` in `folder`, with what is slow in ONNX Runtime rewritten."""
    graph = prepared_graph(entry, weights)
    rewrite_prelu(graph)
    write_onnx(graph, folder / "model.onnx")


def write_for_ncnn(entry: ModelEntry, weights: Path, folder: Path) -> None:
    """`model.param` and `model.bin` in `folder`. Raises ModelError naming an operator that ncnn does not have."""
    graph = prepared_graph(entry, weights)
    write_ncnn(ncnn_layers(graph), list(graph.outputs), folder / "model.param")


WRITERS = {"ort": write_for_ort, "ncnn": write_for_ncnn}
