"""Rewrites that keep the outputs and change what the network accepts or how fast it runs."""

from __future__ import annotations

import numpy as np

from stashai.vision.prepare.graph import Array, Graph, Node

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


def dynamic_size(graph: Graph) -> None:
    """Let height and width be anything, as a fully convolutional detector allows."""
    graph.shape = [*graph.shape[:2], "H", "W"]
    graph.outputs = {name: None for name in graph.outputs}


def flush_subnormals(graph: Graph) -> None:
    """Set negligible weights to zero."""
    for name, value in graph.constants.items():
        if value.dtype == np.float32:
            graph.constants[name] = np.where(np.abs(value.astype(np.float32)) < NEGLIGIBLE, np.float32(0), value)


def merge_batch_norm(graph: Graph) -> None:
    """Move each BatchNormalization that follows a convolution or a dense layer, alone, into that layer's weights."""
    producers, consumers = graph.producers(), graph.consumers()
    for norm in [node for node in graph.nodes if node.op == "BatchNormalization"]:
        layer = producers.get(norm.inputs[0])
        alone = len(consumers[norm.inputs[0]]) == 1 and norm.inputs[0] not in graph.outputs
        if layer is None or not alone or not _is_plain_layer(layer):
            continue
        scale, shift = batch_norm_terms(graph, norm)
        _scale_layer(graph, layer, scale, shift)
        graph.nodes.remove(norm)
        layer.outputs = [norm.outputs[0]]
    graph.prune()


def _is_plain_layer(layer: Node) -> bool:
    return layer.op == "Conv" or (layer.op == "Gemm" and layer.float("alpha", 1.0) == layer.float("beta", 1.0) == 1.0)


def batch_norm_terms(graph: Graph, norm: Node) -> tuple[Array, Array]:
    """(scale, shift) per channel, float64, such that the node gives x · scale + shift."""
    gamma, beta, mean, variance = (graph.constant(name).astype(np.float64) for name in norm.inputs[1:5])
    scale = gamma / np.sqrt(variance + norm.float("epsilon", 1e-5))
    return scale, beta - mean * scale


def _scale_layer(graph: Graph, layer: Node, scale: Array, shift: Array) -> None:
    weight = graph.constant(layer.inputs[1]).astype(np.float64)
    bias = graph.constant(layer.inputs[2]).astype(np.float64) if len(layer.inputs) > 2 else np.zeros_like(scale)
    along = weight.ndim - 1 if layer.op == "Gemm" and not layer.int("transB", 0) else 0
    shape = [-1 if axis == along else 1 for axis in range(weight.ndim)]
    names = graph.fresh("weight"), graph.fresh("bias")
    graph.constants[names[0]] = (weight * scale.reshape(shape)).astype(np.float32)
    graph.constants[names[1]] = (bias * scale + shift).astype(np.float32)
    layer.inputs = [layer.inputs[0], *names]
