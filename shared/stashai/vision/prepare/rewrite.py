"""Rewrites that keep the outputs and change what the network accepts or how fast it runs."""

from __future__ import annotations

import numpy as np

from .graph import Array, Graph, Node, Size

NEGLIGIBLE = 1e-20
"""Weights below this are zero: they move no output, yet processors compute with subnormal products five times slower."""


def dynamic_batch(graph: Graph) -> None:
    """Let the first dimension be anything: the input's, the outputs', and the leading one of every Reshape."""
    graph.shape = ["N", *graph.shape[1:]]
    graph.outputs = {name: ["N", *shape[1:]] if shape else None for name, shape in graph.outputs.items()}
    for node in graph.nodes:
        if node.op == "Reshape" and node.inputs[1] in graph.constants:
            target = graph.constants[node.inputs[1]]
            name = graph.fresh("target")
            graph.constants[name] = np.array([0 if target[0] >= 0 else target[0], *target[1:]], np.int64)
            node.inputs[1] = name


def drop_unit_reshapes(graph: Graph) -> None:
    """A BatchNormalization of vectors that were made pictures of one pixel for it can do without the two Reshapes."""
    producers, consumers = graph.producers(), graph.consumers()
    for norm in [node for node in graph.nodes if node.op == "BatchNormalization"]:
        before = producers.get(norm.inputs[0])
        after = consumers.get(norm.outputs[0], [])
        if before is None or before.op != "Reshape" or len(after) != 1 or after[0].op != "Reshape":
            continue
        wide, flat = (list(graph.constant(node.inputs[1])) for node in (before, after[0]))
        if wide[1:] == [flat[-1], 1, 1] and len(flat) == 2 and is_alone(graph, before, consumers):
            norm.inputs[0] = before.inputs[0]
            norm.outputs = after[0].outputs
            graph.nodes = [node for node in graph.nodes if node is not before and node is not after[0]]


def batch_heads(graph: Graph) -> None:
    """Detector heads that give (anchors, numbers) of one picture give (pictures, anchors, numbers) instead: a Transpose to
    (H, W, N, C) with a Reshape to (-1, numbers) becomes one to (N, H, W, C) with a Reshape to (N, -1, numbers)."""
    producers = graph.producers()
    for node in [node for node in graph.nodes if node.op == "Reshape"]:
        before = producers.get(node.inputs[0])
        target = graph.constants.get(node.inputs[1])
        if before is None or target is None or before.op != "Transpose" or len(target) != 2 or target[0] != -1:
            continue
        if before.ints("perm", []) in ([2, 3, 0, 1], [0, 2, 3, 1]):
            before.attributes["perm"] = [0, 2, 3, 1]
            name = graph.fresh("target")
            graph.constants[name] = np.array([0, *target], np.int64)
            node.inputs[1] = name
            graph.outputs = {name: shape and _open(name, [1, 1, 1]) for name, shape in graph.outputs.items()}


def channels_first(graph: Graph) -> None:
    """A network that takes (N, H, W, C) and begins with a Transpose takes (N, C, H, W) instead."""
    takers = [node for node in graph.nodes if graph.input in node.inputs]
    if len(takers) == 1 and takers[0].op == "Transpose" and takers[0].ints("perm", []) == [0, 3, 1, 2]:
        graph.nodes.remove(takers[0])
        graph.replace(takers[0].outputs[0], graph.input)
        graph.shape = [graph.shape[i] for i in (0, 3, 1, 2)]


def dynamic_size(graph: Graph) -> None:
    """Let height and width be anything, as a fully convolutional detector allows."""
    graph.shape = [*graph.shape[:2], "H", "W"]
    graph.outputs = {name: _open(name, shape) for name, shape in graph.outputs.items()}


def _open(name: str, shape: list[Size] | None) -> list[Size] | None:
    """A shape of as many dimensions, all of which may be anything but the first."""
    return shape and [shape[0], *(f"{name}/{axis}" for axis in range(1, len(shape)))]


def flush_subnormals(graph: Graph) -> None:
    """Set negligible weights to zero."""
    for name, value in graph.constants.items():
        if value.dtype == np.float32:
            graph.constants[name] = np.where(np.abs(value.astype(np.float32)) < NEGLIGIBLE, np.float32(0), value)


def merge_arithmetic(graph: Graph) -> None:
    """Move what follows a layer, alone, into its weights: a bias added to it, a number it is multiplied with."""
    producers, consumers = graph.producers(), graph.consumers()
    for node in [node for node in graph.nodes if node.op in {"Add", "Mul"}]:
        layer, terms = _layer_and_terms(graph, node, producers)
        if layer is None or terms is None or not is_alone(graph, layer, consumers):
            continue
        channels = graph.constant(layer.inputs[1]).shape[_out_axis(layer)]
        flat = np.broadcast_to(terms.astype(np.float64).reshape(-1), channels)
        scale, shift = (np.ones(channels), flat) if node.op == "Add" else (flat, np.zeros(channels))
        scale_layer(graph, layer, scale, shift)
        _take_over(graph, layer, node, producers)
    graph.prune()


def _layer_and_terms(graph: Graph, node: Node, producers: dict[str, Node]) -> tuple[Node | None, Array | None]:
    """The layer that feeds `node`, and the constant it meets there if that is one number or one number a channel."""
    for taken, other in (node.inputs, node.inputs[::-1]):
        layer, terms = producers.get(taken), graph.constants.get(other)
        if layer is not None and terms is not None and _is_plain_layer(layer):
            channels = graph.constant(layer.inputs[1]).shape[_out_axis(layer)]
            by_channel = terms.shape[-3:] == (channels, 1, 1) if layer.op == "Conv" else terms.shape[-1:] == (channels,)
            fits = terms.size == 1 or (by_channel and terms.size == channels)
            return layer, terms if fits else None
    return None, None


def is_alone(graph: Graph, layer: Node, consumers: dict[str, list[Node]]) -> bool:
    """Whether one node alone takes what `layer` gives."""
    given = layer.outputs[0]
    return len(consumers.get(given, [])) == 1 and given not in graph.outputs


def _take_over(graph: Graph, layer: Node, node: Node, producers: dict[str, Node]) -> None:
    """`layer` gives what `node` gave, and `node` is gone."""
    graph.nodes.remove(node)
    layer.outputs = [node.outputs[0]]
    producers[node.outputs[0]] = layer


def merge_batch_norm(graph: Graph) -> None:
    """Move each BatchNormalization that follows a convolution or a dense layer, alone, into that layer's weights."""
    producers, consumers = graph.producers(), graph.consumers()
    for norm in [node for node in graph.nodes if node.op == "BatchNormalization"]:
        layer = producers.get(norm.inputs[0])
        if layer is None or not _is_plain_layer(layer) or not is_alone(graph, layer, consumers):
            continue
        scale, shift = batch_norm_terms(graph, norm)
        scale_layer(graph, layer, scale, shift)
        _take_over(graph, layer, norm, producers)
    graph.prune()


def _out_axis(layer: Node) -> int:
    """The axis of a layer's weights that counts its output channels."""
    return 1 if layer.op == "Gemm" and not layer.int("transB", 0) else 0


def _is_plain_layer(layer: Node) -> bool:
    return layer.op == "Conv" or (layer.op == "Gemm" and layer.float("alpha", 1.0) == layer.float("beta", 1.0) == 1.0)


def batch_norm_terms(graph: Graph, norm: Node) -> tuple[Array, Array]:
    """(scale, shift) per channel, float64, such that the node gives x · scale + shift."""
    gamma, beta, mean, variance = (graph.constant(name).astype(np.float64) for name in norm.inputs[1:5])
    scale = gamma / np.sqrt(variance + norm.float("epsilon", 1e-5))
    return scale, beta - mean * scale


def scale_layer(graph: Graph, layer: Node, scale: Array, shift: Array) -> None:
    """Change a layer's weights so that each output channel c gives scale[c] · what it gave + shift[c]."""
    weight = graph.constant(layer.inputs[1]).astype(np.float64)
    bias = graph.constant(layer.inputs[2]).astype(np.float64) if len(layer.inputs) > 2 else np.zeros_like(scale)
    along = _out_axis(layer)
    shape = [-1 if axis == along else 1 for axis in range(weight.ndim)]
    names = graph.fresh("weight"), graph.fresh("bias")
    graph.constants[names[0]] = (weight * scale.reshape(shape)).astype(np.float32)
    graph.constants[names[1]] = (bias * scale + shift).astype(np.float32)
    layer.inputs = [layer.inputs[0], *names]
