"""Small graphs for the tests of the preparation, and ways to run them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from stashai.vision.prepare.graph import Array, Attribute, Graph, Node, Size
from stashai.vision.prepare.ncnn_file import write_ncnn
from stashai.vision.prepare.ncnn_layers import ncnn_layers
from stashai.vision.prepare.onnx_file import write_onnx


class Builder:
    """Makes a graph node by node; each call gives the name of the tensor it makes."""

    def __init__(self, channels: int = 3, size: Size | None = None, opset: int = 17) -> None:
        sizes: list[Size] = [1, channels, size or "H", size or "W"]
        self.graph = Graph("x", sizes, {}, [], {}, opset)
        self.random = np.random.default_rng(7)

    def constant(self, value: Any) -> str:
        name = f"c{len(self.graph.constants)}"
        self.graph.constants[name] = np.asarray(value)
        return name

    def weights(self, *shape: int, low: float = -1.0, high: float = 1.0) -> str:
        return self.constant(self.random.uniform(low, high, shape).astype(np.float32))

    def node(self, op: str, *inputs: str, outputs: int = 1, **attributes: Attribute) -> str:
        names = [f"t{len(self.graph.nodes)}_{number}" for number in range(outputs)]
        self.graph.nodes.append(Node(op, list(inputs), names, dict(attributes)))
        return names[0]

    def conv(self, taken: str, before: int, after: int, size: int = 3, group: int = 1, stride: int = 1) -> str:
        pad = size // 2
        return self.node(
            "Conv",
            taken,
            self.weights(after, before // group, size, size),
            self.weights(after),
            kernel_shape=[size, size],
            pads=[pad] * 4,
            strides=[stride] * 2,
            group=group,
        )

    def batch_norm(self, taken: str, channels: int) -> str:
        terms = [self.weights(channels), self.weights(channels), self.weights(channels), self.weights(channels, low=0.5, high=2.0)]
        return self.node("BatchNormalization", taken, *terms, epsilon=1e-3)

    def outputs(self, *names: str) -> Graph:
        """The graph with its outputs renamed as sessions expect them."""
        new = {old: f"out{number}" for number, old in enumerate(names)}
        for node in self.graph.nodes:
            node.inputs = [new.get(name, name) for name in node.inputs]
            node.outputs = [new.get(name, name) for name in node.outputs]
        self.graph.outputs = dict.fromkeys(new.values())
        return self.graph


def pictures(count: int = 1, channels: int = 3, height: int = 16, width: int = 16) -> Array:
    """(count, channels, height, width) float32 of -2 to 2."""
    return np.random.default_rng(3).uniform(-2, 2, (count, channels, height, width)).astype(np.float32)


def run_ort(graph: Graph, folder: Path, blob: Array) -> list[Array]:
    """Outputs of ONNX Runtime without any of its own optimisations."""
    path = folder / "graph.onnx"
    write_onnx(graph, path)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    results: list[Array] = session.run(None, {graph.input: blob})
    return results


def run_ncnn(graph: Graph, folder: Path, blob: Array) -> list[Array]:
    """Outputs of ncnn."""
    from stashai.vision.sessions.ncnn import NcnnSession  # not on every platform

    path = folder / "graph.param"
    write_ncnn(ncnn_layers(graph), list(graph.outputs), path)
    return list(NcnnSession(path).run(blob))


def assert_equal(first: list[Array], second: list[Array], tolerance: float = 1e-5) -> None:
    """Same number of outputs, same shapes, same numbers to `tolerance` of the largest one."""
    assert [a.shape for a in first] == [b.shape for b in second]
    for a, b in zip(first, second, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * max(1.0, float(np.abs(a).max())))
