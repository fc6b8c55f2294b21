"""ONNX operators as ncnn's layers, one function for each.

ncnn's blobs have no batch axis: (channels, height, width), (height, width) or (width). A convolution takes a Relu into
itself. Sizes are never baked in: resizing is by a factor or to the size of another blob, and a shape that counts pixels
is left to be inferred, since ncnn would otherwise give wrong shapes at other sizes without a word.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...errors import ModelError
from .fold import Dimension, known_shape
from .graph import Array, Graph, Node
from .ncnn_file import Layer
from .siblings import split_sizes

_BINARY = {"Add": 0, "Sub": 1, "Mul": 2, "Div": 3, "Max": 4, "Min": 5}
_REVERSED = {"Sub": 7, "Div": 8}
_UNARY = {"Abs": 0, "Neg": 1, "Sqrt": 5, "Exp": 7, "Log": 8, "Reciprocal": 15, "Tanh": 16}
_NEAREST, _BILINEAR = 1, 2
_ORDERS = {"whc": 0, "hwc": 1, "wch": 2, "cwh": 3, "hcw": 4, "chw": 5}
"""Permute's numbers by what becomes the output's width, height and channels."""
_ACTIVATION_RELU = 1
_SHAPES = {"Gather", "Unsqueeze", "Squeeze", "Slice", "Cast", "Concat"}


def ncnn_layers(graph: Graph) -> list[Layer]:
    """The layers of `graph`, blobs named as in it but numbered, outputs under their names.

    Raises ModelError naming the operator that ncnn cannot be told.
    """
    return _Writer(graph).layers()


class _Writer:
    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._producers = graph.producers()
        self._consumers = graph.consumers()
        self._ranks: dict[str, int] = {graph.input: len(graph.shape)}
        self._names: dict[str, str] = {graph.input: "in"}
        self._absorbed: set[str] = set()
        self._sizes: set[str] = set()
        self._layers = [Layer("Input", [], ["in"])]
        self._writers: dict[str, Callable[[Node], None]] = {
            "Conv": self._convolution,
            "Gemm": self._inner_product,
            "MatMul": self._inner_product,
            "MaxPool": self._pool,
            "AveragePool": self._pool,
            "GlobalAveragePool": self._global_pool,
            "Relu": lambda node: self._plain(node, "ReLU"),
            "LeakyRelu": lambda node: self._plain(node, "ReLU", {0: node.float("alpha", 0.01)}),
            "Sigmoid": lambda node: self._plain(node, "Sigmoid"),
            "Clip": self._clip,
            "PRelu": self._prelu,
            "BatchNormalization": self._batch_norm,
            "Resize": self._resize,
            "Transpose": self._permute,
            "Reshape": self._reshape,
            "Flatten": self._flatten,
            "Concat": self._concat,
            "Split": self._slice,
            "ReduceSum": self._reduce_sum,
        }

    def layers(self) -> list[Layer]:
        for node in self._graph.nodes:
            if node.outputs[0] in self._absorbed or self._is_about_sizes(node):
                continue
            if node.op in _BINARY:
                self._binary(node)
            elif node.op in _UNARY:
                self._plain(node, "UnaryOp", {0: _UNARY[node.op]})
            elif node.op in self._writers:
                self._writers[node.op](node)
            else:
                raise ModelError(f"ncnn's files cannot be written with the operator {node.op}.", code="model-operator")
        return self._layers

    def _is_about_sizes(self, node: Node) -> bool:
        """Whether the node only computes with sizes, which the layers that need them understand as a whole."""
        about = node.op == "Shape" or (node.op in _SHAPES and bool(self._sizes.intersection(node.inputs)))
        if about:
            self._sizes.update(node.outputs)
        return about

    def _emit(
        self,
        node: Node,
        kind: str,
        inputs: Sequence[str],
        parameters: dict[int, int | float | Sequence[int]] | None = None,
        weights: Sequence[Array] = (),
        *,
        rank: int = 0,
        tagged: bool = False,
    ) -> None:
        taken = [self._blob(name) for name in inputs]
        for name in node.outputs:
            self._ranks[name] = rank or self._ranks[inputs[0]]
            self._names[name] = name if name in self._graph.outputs else f"blob{len(self._names)}"
        given = [self._names[name] for name in node.outputs]
        self._layers.append(Layer(kind, taken, given, parameters or {}, list(weights), tagged))

    def _blob(self, name: str) -> str:
        if name in self._graph.constants:
            raise ModelError(f"ncnn's files cannot be written with the constant {name} in this place.", code="model-operator")
        return self._names[name]

    def _plain(self, node: Node, kind: str, parameters: dict[int, int | float | Sequence[int]] | None = None) -> None:
        self._emit(node, kind, node.inputs[:1], parameters)

    def _convolution(self, node: Node) -> None:
        weight = self._graph.constant(node.inputs[1])
        group = node.int("group", 1)
        bias = [self._graph.constant(node.inputs[2])] if len(node.inputs) > 2 else []
        height, width = weight.shape[2:]
        top, left, bottom, right = _pads(node)
        strides, dilations = node.ints("strides", [1, 1]), node.ints("dilations", [1, 1])
        parameters: dict[int, int | float | Sequence[int]] = {
            **{0: weight.shape[0], 1: width, 11: height, 2: dilations[1], 12: dilations[0], 3: strides[1], 13: strides[0]},
            **{4: left, 14: top, 15: right, 16: bottom, 5: len(bias), 6: weight.size},
        }
        if group > 1:
            parameters[7] = group
        activation = self._following_relu(node)
        if activation is not None:
            parameters[9] = _ACTIVATION_RELU
            self._absorbed.add(activation.outputs[0])
        kind = "ConvolutionDepthWise" if group > 1 else "Convolution"
        self._ranks[(activation or node).outputs[0]] = 4
        self._emit(activation or node, kind, node.inputs[:1], parameters, [weight, *bias], tagged=True)

    def _following_relu(self, node: Node) -> Node | None:
        takers = self._consumers.get(node.outputs[0], [])
        alone = len(takers) == 1 and takers[0].op == "Relu" and node.outputs[0] not in self._graph.outputs
        return takers[0] if alone else None

    def _inner_product(self, node: Node) -> None:
        weight = self._graph.constant(node.inputs[1])
        if node.int("transA", 0) or node.float("alpha", 1.0) != 1 or node.float("beta", 1.0) != 1 or weight.ndim != 2:
            raise ModelError(f"ncnn's files cannot be written with this {node.op}.", code="model-operator")
        rows = weight if node.int("transB", 0) else weight.T
        bias = [self._graph.constant(node.inputs[2]).reshape(-1)] if len(node.inputs) > 2 else []
        parameters: dict[int, int | float | Sequence[int]] = {0: rows.shape[0], 1: len(bias), 2: rows.size}
        self._emit(node, "InnerProduct", node.inputs[:1], parameters, [rows, *bias], tagged=True)

    def _pool(self, node: Node) -> None:
        kernel, strides = node.ints("kernel_shape", [1, 1]), node.ints("strides", [1, 1])
        top, left, bottom, right = _pads(node)
        average = node.op == "AveragePool"
        self._plain(
            node,
            "Pooling",
            {
                **{0: int(average), 1: kernel[1], 11: kernel[0], 2: strides[1], 12: strides[0]},
                **{3: left, 13: top, 14: right, 15: bottom, 5: 0 if node.int("ceil_mode", 0) else 1, 6: node.int("count_include_pad", 0)},
            },
        )

    def _global_pool(self, node: Node) -> None:
        self._plain(node, "Pooling", {0: 1, 4: 1})

    def _clip(self, node: Node) -> None:
        low, high = (float(self._graph.constant(name).reshape(-1)[0]) for name in node.inputs[1:3])
        self._plain(node, "Clip", {0: low, 1: high})

    def _prelu(self, node: Node) -> None:
        slope = self._graph.constant(node.inputs[1]).reshape(-1)
        self._emit(node, "PReLU", node.inputs[:1], {0: slope.size}, [slope])

    def _batch_norm(self, node: Node) -> None:
        gamma, beta, mean, variance = (self._graph.constant(name) for name in node.inputs[1:5])
        parameters: dict[int, int | float | Sequence[int]] = {0: gamma.size, 1: node.float("epsilon", 1e-5)}
        self._emit(node, "BatchNorm", node.inputs[:1], parameters, [gamma, mean, variance, beta])

    def _resize(self, node: Node) -> None:
        mode = {"nearest": _NEAREST, "linear": _BILINEAR}[node.text("mode", "nearest")]
        scales = self._graph.constants.get(node.inputs[2]) if len(node.inputs) > 2 else None
        if scales is not None and scales.size == 4:
            self._plain(node, "Interp", {0: mode, 1: float(scales[2]), 2: float(scales[3])})
            return
        target = known_shape(self._graph, node.inputs[3], self._producers)
        if target is None or not (isinstance(target[2], Dimension) and isinstance(target[3], Dimension)):
            raise ModelError("ncnn's files cannot be written with this Resize: its size is not another tensor's.", code="model-operator")
        self._emit(node, "Interp", [node.inputs[0], target[2].of], {0: mode, 5: 1})

    def _permute(self, node: Node) -> None:
        perm = node.ints("perm", [])
        if len(perm) != 4 or perm[0] != 0:
            raise ModelError(f"ncnn's files cannot be written with a Transpose by {perm}.", code="model-operator")
        axes = ["", "c", "h", "w"]
        self._plain(node, "Permute", {0: _ORDERS["".join(axes[perm[i]] for i in (3, 2, 1))]})

    def _reshape(self, node: Node) -> None:
        target = [int(size) for size in self._graph.constant(node.inputs[1])][1:]
        if not 1 <= len(target) <= 3:
            raise ModelError(f"ncnn's files cannot be written with a Reshape to {target}.", code="model-operator")
        keys = {1: (0,), 2: (1, 0), 3: (2, 1, 0)}[len(target)]
        self._emit(node, "Reshape", node.inputs[:1], dict(zip(keys, target, strict=True)), rank=len(target) + 1)

    def _flatten(self, node: Node) -> None:
        self._emit(node, "Flatten", node.inputs[:1], rank=2)

    def _concat(self, node: Node) -> None:
        axis = node.int("axis", 1) % self._ranks[node.inputs[0]]
        self._emit(node, "Concat", node.inputs, {0: axis - 1})

    def _slice(self, node: Node) -> None:
        axis = node.int("axis", 0) % self._ranks[node.inputs[0]]
        self._emit(node, "Slice", node.inputs[:1], {0: split_sizes(self._graph, node), 1: axis - 1})

    def _reduce_sum(self, node: Node) -> None:
        rank = self._ranks[node.inputs[0]]
        axes = [int(axis) % rank - 1 for axis in self._graph.constant(node.inputs[1])]
        self._plain(node, "Reduction", {0: 0, 1: 0, 3: axes, 4: node.int("keepdims", 1), 5: 1})

    def _binary(self, node: Node) -> None:
        first, second = node.inputs
        kind = _BINARY[node.op]
        if first in self._graph.constants:
            first, second, kind = second, first, _REVERSED.get(node.op, kind)
        constant = self._graph.constants.get(second)
        if constant is None:
            rank = max(self._ranks[first], self._ranks[second])
            self._emit(node, "BinaryOp", [first, second], {0: kind}, rank=rank)
        elif constant.size == 1:
            self._emit(node, "BinaryOp", [first], {0: kind, 1: 1, 2: float(constant.reshape(-1)[0])})
        else:
            self._emit(node, "BinaryOp", [first, self._memory(second, self._ranks[first])], {0: kind})

    def _memory(self, name: str, rank: int) -> str:
        """The constant `name` as a layer of its own; gives the name of a tensor that stands for it."""
        value = self._graph.constants[name]
        shape = value.shape[1:] if value.ndim == rank else value.shape
        stand_in = f"{name}/memory"
        if stand_in not in self._names:
            keys = {1: (0,), 2: (1, 0), 3: (2, 1, 0)}[len(shape)]
            self._names[stand_in] = f"blob{len(self._names)}"
            self._ranks[stand_in] = rank
            self._layers.append(Layer("MemoryData", [], [self._names[stand_in]], dict(zip(keys, shape, strict=True)), [value]))
        return stand_in


def _pads(node: Node) -> list[int]:
    if node.text("auto_pad", "NOTSET") not in {"NOTSET", "VALID"}:
        raise ModelError(f"ncnn's files cannot be written with automatic padding ({node.op}).", code="model-operator")
    return node.ints("pads", [0, 0, 0, 0])
