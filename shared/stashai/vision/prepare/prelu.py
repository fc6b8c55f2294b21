"""PRelu without its kernel: ONNX Runtime's branches on the data and takes half of a face network's time on a CPU.

PRelu(x) = s·x + (1 - s)·Relu(x) for slopes s, one a channel. Where a convolution gives x to the PRelu alone and all s are
well below 1, its weights are scaled so that it gives y = (1 - s)·x, and PRelu(x) = Relu(y) + s/(1 - s)·y: one pass less.
Both give the same numbers to rounding, with operators that vectorise and that ONNX Runtime fuses.
"""

from __future__ import annotations

import numpy as np

from .graph import Array, Graph, Node
from .rewrite import is_alone, scale_layer

_LARGEST_SLOPE = 0.95
"""Above it 1 - s is so small that dividing by it would cost precision."""


def rewrite_prelu(graph: Graph) -> None:
    """Replace every PRelu with constant slopes by Mul, Relu and Add."""
    producers, consumers = graph.producers(), graph.consumers()
    rewritten: list[Node] = []
    for node in graph.nodes:
        if node.op != "PRelu" or node.inputs[1] not in graph.constants:
            rewritten.append(node)
            continue
        slope = graph.constants[node.inputs[1]].astype(np.float64)
        layer = producers.get(node.inputs[0])
        scalable = layer is not None and layer.op == "Conv" and is_alone(graph, layer, consumers)
        if layer is not None and scalable and slope.max() <= _LARGEST_SLOPE:
            flat = np.broadcast_to(slope.reshape(-1), graph.constant(layer.inputs[1]).shape[0])
            scale_layer(graph, layer, 1 - flat, np.zeros_like(flat))
            rewritten += _of_scaled(graph, node, slope / (1 - slope))
        else:
            rewritten += _in_full(graph, node, slope)
    graph.nodes = rewritten
    graph.prune()


def _of_scaled(graph: Graph, node: Node, factor: Array) -> list[Node]:
    taken, given = node.inputs[0], node.outputs[0]
    graph.constants[f"{given}/factor"] = factor.astype(np.float32)
    return [
        Node("Relu", [taken], [f"{given}/positive"]),
        Node("Mul", [taken, f"{given}/factor"], [f"{given}/scaled"]),
        Node("Add", [f"{given}/positive", f"{given}/scaled"], [given]),
    ]


def _in_full(graph: Graph, node: Node, slope: Array) -> list[Node]:
    taken, given = node.inputs[0], node.outputs[0]
    graph.constants[f"{given}/slope"] = slope.astype(np.float32)
    graph.constants[f"{given}/rest"] = (1 - slope).astype(np.float32)
    return [
        Node("Mul", [taken, f"{given}/slope"], [f"{given}/scaled"]),
        Node("Relu", [taken], [f"{given}/positive"]),
        Node("Mul", [f"{given}/positive", f"{given}/rest"], [f"{given}/added"]),
        Node("Add", [f"{given}/scaled", f"{given}/added"], [given]),
    ]
