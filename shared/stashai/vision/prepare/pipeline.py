"""The steps of a preparation by the names that the catalog uses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from stashai.errors import ModelError
from stashai.vision.catalog import ModelEntry
from stashai.vision.prepare.fold import fold
from stashai.vision.prepare.graph import Graph
from stashai.vision.prepare.onnx_file import read_onnx
from stashai.vision.prepare.rewrite import (
    drop_unit_reshapes,
    dynamic_batch,
    dynamic_size,
    flush_subnormals,
    merge_arithmetic,
    merge_batch_norm,
)
from stashai.vision.prepare.tensorflow import read_tensorflow

_STEPS: dict[str, Callable[[Graph], None]] = {
    "fold": fold,
    "dynamic-batch": dynamic_batch,
    "dynamic-size": dynamic_size,
    "subnormals": flush_subnormals,
    "merge-arithmetic": merge_arithmetic,
    "merge-batch-norm": merge_batch_norm,
    "unit-reshapes": drop_unit_reshapes,
}


def prepared_graph(entry: ModelEntry, weights: Path) -> Graph:
    """The graph in `weights` after the entry's steps, before anything that belongs to one runtime.

    Raises ModelError for a step that does not exist, or a graph without the outputs that the catalog promises.
    """
    data = weights.read_bytes()
    graph = read_tensorflow(data, entry.outputs) if weights.suffix == ".pb" else read_onnx(data)
    for step in entry.preparation:
        if step not in _STEPS:
            raise ModelError(f"The catalog's entry {entry.id!r} asks for the unknown step {step!r}.")
        _STEPS[step](graph)
    missing = [name for name in entry.outputs if name not in graph.outputs]
    if missing:
        raise ModelError(f"The network {entry.id!r} has no output {missing}, only {list(graph.outputs)}.")
    graph.outputs = {name: graph.outputs[name] for name in entry.outputs}
    graph.prune()
    return graph
