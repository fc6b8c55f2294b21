"""A frozen TensorFlow graph as ONNX operators: channels move in front of height and width (NHWC to NCHW).

Shapes are followed on the way, since TensorFlow's "SAME" padding and its flattening depend on them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...errors import ModelError
from .graph import Array, Attribute, Graph, Node, Size
from .graphdef_file import TensorflowNode, read_graphdef

OPSET = 13
_SPATIAL = 4
"""Tensors with this many dimensions are pictures: batch, height, width, channels."""


def read_tensorflow(data: bytes, outputs: tuple[str, ...]) -> Graph:
    """The graph of a frozen TensorFlow file with one picture as its input, giving `outputs`.

    Raises ModelError, naming the operation, for one that is not known here.
    """
    converter = _Converter()
    for node in read_graphdef(data):
        converter.add(node)
    return converter.graph(outputs)


class _Converter:
    """`shapes` are TensorFlow's (batch, height, width, channels); `constants` are as they are in the file."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.constants: dict[str, Array] = {}
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.input = ""
        self.operations: dict[str, Callable[[TensorflowNode], None]] = {
            "Placeholder": self._placeholder,
            "Const": self._const,
            "Conv2D": self._convolution,
            "BiasAdd": self._binary,
            "Add": self._binary,
            "AddV2": self._binary,
            "Mul": self._binary,
            "Maximum": self._binary,
            "Relu": self._same,
            "Sqrt": self._same,
            "Identity": self._same,
            "Square": self._square,
            "Rsqrt": self._rsqrt,
            "MaxPool": self._pool,
            "AvgPool": self._pool,
            "ConcatV2": self._concat,
            "Reshape": self._reshape,
            "MatMul": self._matmul,
            "FusedBatchNorm": self._batch_norm,
            "FusedBatchNormV3": self._batch_norm,
            "Sum": self._sum,
        }

    def add(self, node: TensorflowNode) -> None:
        """Convert one operation, whose inputs are converted already."""
        try:
            convert = self.operations[node.op]
        except KeyError:
            raise ModelError(f"TensorFlow's operation {node.op} ({node.name}) cannot be converted.", code="model-operator") from None
        convert(node)

    def graph(self, outputs: tuple[str, ...]) -> Graph:
        """What was converted, reduced to what `outputs` need."""
        missing = [name for name in outputs if name not in self.shapes]
        if missing or not self.input:
            raise ModelError(f"The TensorFlow graph has no {missing or 'input'}.", code="model-graph")
        ends: dict[str, list[Size] | None] = {name: list(self.shapes[name]) for name in outputs}
        height, width, channels = self.shapes[self.input][1:]
        result = Graph(self.input, [1, channels, height, width], ends, self.nodes, self.constants, OPSET)
        result.prune()
        return result

    def _emit(self, op: str, node: TensorflowNode, inputs: list[str], shape: tuple[int, ...], **attributes: Attribute) -> None:
        self.nodes.append(Node(op, inputs, [node.name], dict(attributes)))
        self.shapes[node.name] = shape

    def _placeholder(self, node: TensorflowNode) -> None:
        shape = tuple(node.attributes.get("shape") or ())
        if self.input or len(shape) != _SPATIAL:
            raise ModelError(f"A graph with one picture as its input is needed; {node.name} is {shape}.", code="model-graph")
        self.input, self.shapes[node.name] = node.name, (1, *shape[1:])

    def _const(self, node: TensorflowNode) -> None:
        self.constants[node.name] = node.attributes["value"]
        self.shapes[node.name] = self.constants[node.name].shape

    def _convolution(self, node: TensorflowNode) -> None:
        taken, weight = node.inputs
        kernel = self.constants[weight]
        strides, dilations = node.attributes["strides"][1:3], node.attributes.get("dilations", [1, 1, 1, 1])[1:3]
        spread = [(k - 1) * d + 1 for k, d in zip(kernel.shape[:2], dilations, strict=True)]
        sizes, pads = _window(self.shapes[taken], spread, strides, node.attributes["padding"])
        name = f"{weight}/oihw"
        self.constants[name] = np.ascontiguousarray(kernel.transpose(3, 2, 0, 1))
        shape = (1, *sizes, kernel.shape[3])
        self._emit("Conv", node, [taken, name], shape, strides=strides, pads=pads, dilations=dilations, kernel_shape=list(kernel.shape[:2]))

    def _pool(self, node: TensorflowNode) -> None:
        (taken,) = node.inputs
        kernel, strides = node.attributes["ksize"][1:3], node.attributes["strides"][1:3]
        shape = self.shapes[taken]
        sizes, pads = _window(shape, kernel, strides, node.attributes["padding"])
        extra: dict[str, Attribute] = {"count_include_pad": 0} if node.op == "AvgPool" else {}
        name = {"MaxPool": "MaxPool", "AvgPool": "AveragePool"}[node.op]
        self._emit(name, node, [taken], (1, *sizes, shape[3]), kernel_shape=kernel, strides=strides, pads=pads, **extra)

    def _binary(self, node: TensorflowNode) -> None:
        name = {"BiasAdd": "Add", "AddV2": "Add", "Maximum": "Max"}.get(node.op, node.op)
        shapes = [self.shapes[item] for item in node.inputs]
        shape = np.broadcast_shapes(*shapes)
        self._emit(name, node, [self._aligned(item, len(shape)) for item in node.inputs], shape)

    def _aligned(self, name: str, rank: int) -> str:
        """A constant per channel, which TensorFlow broadcasts from the last axis, as ONNX has it on the second one."""
        if name not in self.constants or rank != _SPATIAL or self.constants[name].ndim == 0:
            return name
        aligned = f"{name}/nchw"
        value = self.constants[name]
        full = value.reshape((1,) * (_SPATIAL - value.ndim) + value.shape)
        self.constants[aligned] = np.ascontiguousarray(full.transpose(0, 3, 1, 2))
        return aligned

    def _same(self, node: TensorflowNode) -> None:
        self._emit(node.op, node, list(node.inputs), self.shapes[node.inputs[0]])

    def _square(self, node: TensorflowNode) -> None:
        self._emit("Mul", node, [node.inputs[0]] * 2, self.shapes[node.inputs[0]])

    def _rsqrt(self, node: TensorflowNode) -> None:
        root = f"{node.name}/root"
        self.nodes.append(Node("Sqrt", [node.inputs[0]], [root]))
        self._emit("Reciprocal", node, [root], self.shapes[node.inputs[0]])

    def _concat(self, node: TensorflowNode) -> None:
        *parts, axis_name = node.inputs
        shapes = [self.shapes[part] for part in parts]
        axis = int(self.constants[axis_name]) % len(shapes[0])
        shape = tuple(sum(s[i] for s in shapes) if i == axis else size for i, size in enumerate(shapes[0]))
        self._emit("Concat", node, parts, shape, axis=[0, 2, 3, 1][axis] if len(shape) == _SPATIAL else axis)

    def _reshape(self, node: TensorflowNode) -> None:
        taken, target_name = node.inputs
        before = self.shapes[taken]
        shape = _resolved(self.constants[target_name].tolist(), before)
        if any(len(s) == _SPATIAL and s[1:3] != (1, 1) for s in (before, shape)):
            raise ModelError(f"TensorFlow's Reshape ({node.name}) of a picture {before} cannot be converted.", code="model-operator")
        order = [0, 3, 1, 2] if len(shape) == _SPATIAL else range(len(shape))
        name = f"{node.name}/target"
        self.constants[name] = np.array([shape[i] for i in order], np.int64)
        self._emit("Reshape", node, [taken, name], shape)

    def _matmul(self, node: TensorflowNode) -> None:
        taken, weight = node.inputs
        if node.attributes.get("transpose_a"):
            raise ModelError(f"TensorFlow's MatMul ({node.name}) of a transposed tensor cannot be converted.", code="model-operator")
        turned = int(bool(node.attributes.get("transpose_b")))
        width = self.shapes[weight][0 if turned else 1]
        self._emit("Gemm", node, [taken, weight], (self.shapes[taken][0], width), transB=turned)

    def _batch_norm(self, node: TensorflowNode) -> None:
        epsilon = float(node.attributes.get("epsilon") or 1e-4)
        self._emit("BatchNormalization", node, list(node.inputs), self.shapes[node.inputs[0]], epsilon=epsilon)

    def _sum(self, node: TensorflowNode) -> None:
        taken, axes_name = node.inputs
        shape = self.shapes[taken]
        axes = [int(axis) % len(shape) for axis in self.constants[axes_name].reshape(-1)]
        if len(shape) == _SPATIAL or not node.attributes.get("keep_dims"):
            raise ModelError(f"TensorFlow's Sum ({node.name}) over {axes} of {shape} cannot be converted.", code="model-operator")
        name = f"{node.name}/axes"
        self.constants[name] = np.array(axes, np.int64)
        reduced = tuple(1 if i in axes else size for i, size in enumerate(shape))
        self._emit("ReduceSum", node, [taken, name], reduced, keepdims=1)


def _window(shape: tuple[int, ...], kernel: list[int], strides: list[int], padding: Any) -> tuple[list[int], list[int]]:
    """(height, width) that a window gives, and ONNX's pads (top, left, bottom, right)."""
    if padding == "VALID":
        return [(shape[1 + i] - kernel[i]) // strides[i] + 1 for i in (0, 1)], [0, 0, 0, 0]
    if padding != "SAME":
        raise ModelError(f"TensorFlow's padding {padding!r} cannot be converted.", code="model-operator")
    sizes = [-(-shape[1 + i] // strides[i]) for i in (0, 1)]
    totals = [max((sizes[i] - 1) * strides[i] + kernel[i] - shape[1 + i], 0) for i in (0, 1)]
    return sizes, [totals[0] // 2, totals[1] // 2, totals[0] - totals[0] // 2, totals[1] - totals[1] // 2]


def _resolved(target: list[int], before: tuple[int, ...]) -> tuple[int, ...]:
    known = int(np.prod([size for size in target if size >= 0]))
    return tuple(size if size >= 0 else int(np.prod(before)) // max(known, 1) for size in target)
