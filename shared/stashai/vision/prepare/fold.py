"""Compute now what never changes: constants made by nodes, block-quantised weights, shapes that are known.

Quantised weights (`DequantizeLinear` with a block size, opset 21, which ONNX Runtime does not run) become plain float32.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .graph import Array, Graph, Node

_PASSING = {"Identity", "Dropout"}


@dataclass(frozen=True, slots=True)
class Dimension:
    """Size number `axis` of the tensor `of`, known only when the network runs."""

    of: str
    axis: int


def fold(graph: Graph) -> None:
    """Evaluate nodes whose inputs are constants, drop nodes that pass their input on, make known target shapes constant."""
    kept: list[Node] = []
    for node in list(graph.nodes):
        if node.op == "Constant":
            graph.constants[node.outputs[0]] = _constant_value(node)
        elif node.op in _PASSING:
            _bypass(graph, node)
        elif node.op in _EVALUATED and all(name in graph.constants for name in node.inputs if name):
            graph.constants[node.outputs[0]] = _EVALUATED[node.op](node, [graph.constants[name] for name in node.inputs])
        else:
            kept.append(node)
    graph.nodes = kept
    fix_shapes(graph)
    graph.prune()


def fix_shapes(graph: Graph) -> None:
    """Give every Reshape whose target is computed from the batch size a constant target, with 0 for "as it was"."""
    producers = graph.producers()
    for node in graph.nodes:
        if node.op != "Reshape" or node.inputs[1] in graph.constants:
            continue
        target = known_shape(graph, node.inputs[1], producers)
        if target is not None and all(isinstance(s, int) or s.axis == i == 0 for i, s in enumerate(target)):
            name = graph.fresh("target")
            graph.constants[name] = np.array([s if isinstance(s, int) else 0 for s in target], np.int64)
            node.inputs[1] = name


def known_shape(graph: Graph, name: str, producers: dict[str, Node]) -> list[int | Dimension] | None:
    """What is known of the tensor of sizes `name`: numbers, or whose dimension each one is. None when it is neither."""
    if name in graph.constants:
        return [int(value) for value in graph.constants[name].reshape(-1)]
    node = producers.get(name)
    if node is None:
        return None
    if node.op == "Shape":
        return [Dimension(node.inputs[0], axis) for axis in range(4)]
    parts = [known_shape(graph, item, producers) for item in node.inputs]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    return _shape_of(node, known)


def _shape_of(node: Node, parts: list[list[int | Dimension]]) -> list[int | Dimension] | None:
    if node.op in {"Unsqueeze", "Cast", "Squeeze"}:
        return parts[0]
    if node.op == "Concat":
        return [size for part in parts for size in part]
    if node.op == "Gather":
        return [parts[0][index] for index in parts[1] if isinstance(index, int)]
    if node.op == "Slice":
        start, end = parts[1][0], parts[2][0]
        return parts[0][start:end] if isinstance(start, int) and isinstance(end, int) else None
    return None


def _bypass(graph: Graph, node: Node) -> None:
    given, taken = node.outputs[0], node.inputs[0]
    if given in graph.outputs:
        producer = graph.producers()[taken]
        producer.outputs = [given if name == taken else name for name in producer.outputs]
        given, taken = taken, given
    graph.replace(given, taken)


def _constant_value(node: Node) -> Array:
    value = next(iter(node.attributes.values()))
    if isinstance(value, np.ndarray):
        return value
    return np.array(value, np.float32 if isinstance(value, float) else None)


def _dequantise(node: Node, inputs: list[Array]) -> Array:
    """(q - zero) · scale, where each scale serves `block_size` values along `axis`, or one slice of it, or everything."""
    quantised, scale = inputs[0].astype(np.float32), inputs[1].astype(np.float32)
    zero = inputs[2].astype(np.float32) if len(inputs) > 2 else np.zeros_like(scale)
    axis, block = node.int("axis", 1), node.int("block_size", 0)
    if block:
        scale, zero = (np.repeat(a, block, axis).take(range(quantised.shape[axis]), axis) for a in (scale, zero))
    elif scale.ndim == 1 and scale.size > 1:
        shape = [-1 if i == axis % quantised.ndim else 1 for i in range(quantised.ndim)]
        scale, zero = scale.reshape(shape), zero.reshape(shape)
    result: Array = ((quantised - zero) * scale).astype(np.float32)
    return result


def _reshape(node: Node, inputs: list[Array]) -> Array:
    return inputs[0].reshape([inputs[0].shape[i] if size == 0 else int(size) for i, size in enumerate(inputs[1].tolist())])


def _cast(node: Node, inputs: list[Array]) -> Array:
    types = {1: np.float32, 6: np.int32, 7: np.int64, 10: np.float16, 11: np.float64}
    return inputs[0].astype(types[node.int("to", 1)])


def _unsqueeze(node: Node, inputs: list[Array]) -> Array:
    axes = node.ints("axes", []) or [int(axis) for axis in inputs[1]]
    return np.expand_dims(inputs[0], tuple(axes))


_EVALUATED: dict[str, Callable[[Node, list[Array]], Array]] = {
    "DequantizeLinear": _dequantise,
    "Reshape": _reshape,
    "Cast": _cast,
    "Unsqueeze": _unsqueeze,
    "Transpose": lambda node, inputs: inputs[0].transpose(node.ints("perm", []) or None),
    "Concat": lambda node, inputs: np.concatenate(inputs, node.int("axis", 0)),
}
