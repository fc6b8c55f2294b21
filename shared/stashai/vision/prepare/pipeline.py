"""The steps of a preparation by the names that the catalog uses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ...errors import ModelError
from ..catalog import ModelEntry
from .fold import fold
from .graph import Graph
from .onnx_file import read_onnx
from .rewrite import (
    batch_heads,
    channels_first,
    drop_unit_reshapes,
    dynamic_batch,
    dynamic_size,
    flush_subnormals,
    merge_arithmetic,
    merge_batch_norm,
)
from .siblings import merge_siblings
from .tensorflow import read_tensorflow

STEPS: dict[str, Callable[[Graph], None]] = {
    "fold": fold,
    "dynamic-batch": dynamic_batch,
    "dynamic-size": dynamic_size,
    "subnormals": flush_subnormals,
    "batched-heads": batch_heads,
    "channels-first": channels_first,
    "merge-arithmetic": merge_arithmetic,
    "merge-batch-norm": merge_batch_norm,
    "merge-siblings": merge_siblings,
    "unit-reshapes": drop_unit_reshapes,
}


def prepared_graph(entry: ModelEntry, weights: Path) -> Graph:
    """The graph in `weights` after the entry's steps, before anything that belongs to one runtime.

    Raises ModelError for a step that does not exist, or a graph without the outputs that the catalog promises.
    """
    data = weights.read_bytes()
    graph = read_tensorflow(data, entry.outputs) if weights.suffix == ".pb" else read_onnx(data)
    for step in entry.preparation:
        if step not in STEPS:
            raise ModelError(f"The catalog's entry {entry.id!r} asks for the unknown step {step!r}.")
        STEPS[step](graph)
    _order_outputs(entry, graph)
    return graph


def _order_outputs(entry: ModelEntry, graph: Graph) -> None:
    """Outputs become `out0`, `out1`, … in the catalog's order, so that sessions need not know any names."""
    missing = [name for name in entry.outputs if name not in graph.outputs]
    if missing:
        raise ModelError(f"The network {entry.id!r} has no output {missing}, only {list(graph.outputs)}.")
    names = {old: f"out{number}" for number, old in enumerate(entry.outputs or graph.outputs)}
    graph.outputs = {new: graph.outputs[old] for old, new in names.items()}
    for node in graph.nodes:
        node.inputs = [names.get(name, name) for name in node.inputs]
        node.outputs = [names.get(name, name) for name in node.outputs]
    graph.prune()
