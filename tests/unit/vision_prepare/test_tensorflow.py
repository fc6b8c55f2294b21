"""Frozen TensorFlow graphs, made here with the same messages, against plain numpy in TensorFlow's own layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.unit.vision_prepare.graphs import run_ort

from stashai.errors import ModelError
from stashai.vision.prepare.graph import Array
from stashai.vision.prepare.messages import graphdef_messages
from stashai.vision.prepare.tensorflow import read_tensorflow

RANDOM = np.random.default_rng(5)
PICTURE = RANDOM.uniform(-1, 1, (1, 9, 8, 3)).astype(np.float32)


class Frozen:
    """A frozen graph under construction; `add` gives the name of the new operation."""

    def __init__(self) -> None:
        self.message = graphdef_messages()["GraphDef"]()
        placeholder = self.message.node.add(name="input", op="Placeholder")
        shape = self._attribute(placeholder, "shape").shape
        for size in PICTURE.shape:
            shape.dim.add(size=size)

    def constant(self, value: Any) -> str:
        array = np.asarray(value)
        node = self.message.node.add(name=f"n{len(self.message.node)}", op="Const")
        tensor = self._attribute(node, "value").tensor
        tensor.dtype = {"float32": 1, "int32": 3}[str(array.dtype)]
        for size in array.shape:
            tensor.tensor_shape.dim.add(size=size)
        if array.size == 1:
            (tensor.float_val if array.dtype == np.float32 else tensor.int_val).append(array.reshape(-1)[0])
        else:
            tensor.tensor_content = array.tobytes()
        return str(node.name)

    def add(self, op: str, *inputs: str, **attributes: Any) -> str:
        node = self.message.node.add(name=f"n{len(self.message.node)}", op=op, input=inputs)
        for key, value in attributes.items():
            attribute = self._attribute(node, key)
            if isinstance(value, list):
                attribute.list.i.extend(value)
            elif isinstance(value, bool):
                attribute.b = value
            elif isinstance(value, float):
                attribute.f = value
            else:
                attribute.s = value.encode()
        return str(node.name)

    def run(self, output: str, folder: Path) -> Array:
        """The output as TensorFlow lays it out."""
        graph = read_tensorflow(self.message.SerializeToString(), (output,))
        graph.outputs = {output: None}
        (result,) = run_ort(graph, folder, np.ascontiguousarray(PICTURE.transpose(0, 3, 1, 2)))
        return result.transpose(0, 2, 3, 1) if result.ndim == 4 else result

    @staticmethod
    def _attribute(node: Any, key: str) -> Any:
        return node.attr.add(key=key).value


def windows(picture: Array, kernel: tuple[int, int], stride: int, padding: str, fill: float) -> Array:
    """(height, width, kernel height, kernel width, channels) of what each window sees, by TensorFlow's rules."""
    height, width = picture.shape[1:3]
    if padding == "SAME":
        wanted = [-(-size // stride) for size in (height, width)]
        total = [max((w - 1) * stride + k - size, 0) for w, k, size in zip(wanted, kernel, (height, width), strict=True)]
        pads = [(t // 2, t - t // 2) for t in total]
        picture = np.pad(picture, [(0, 0), *pads, (0, 0)], constant_values=fill)
    views = np.lib.stride_tricks.sliding_window_view(picture[0], kernel, (0, 1))
    return views[::stride, ::stride].transpose(0, 1, 3, 4, 2)


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [(3, 3), (1, 4), (2, 1)])
def test_convolution_with_bias(kernel: tuple[int, int], stride: int, padding: str, tmp_path: Path) -> None:
    frozen = Frozen()
    weight, bias = RANDOM.normal(size=(*kernel, 3, 5)).astype(np.float32), RANDOM.normal(size=5).astype(np.float32)
    taken = frozen.add("Conv2D", "input:0", frozen.constant(weight), strides=[1, stride, stride, 1], padding=padding)
    output = frozen.add("Relu", frozen.add("BiasAdd", taken, frozen.constant(bias)))
    expected = np.einsum("hwijc,ijco->hwo", windows(PICTURE, kernel, stride, padding, 0.0), weight) + bias
    np.testing.assert_allclose(frozen.run(output, tmp_path)[0], np.maximum(expected, 0), atol=1e-5)


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("stride", [1, 2])
def test_pools(stride: int, padding: str, tmp_path: Path) -> None:
    frozen = Frozen()
    settings = {"ksize": [1, 3, 2, 1], "strides": [1, stride, stride, 1], "padding": padding}
    highest, average = frozen.add("MaxPool", "input", **settings), frozen.add("AvgPool", "input", **settings)
    seen = windows(PICTURE, (3, 2), stride, padding, np.nan)
    np.testing.assert_allclose(frozen.run(highest, tmp_path)[0], np.nanmax(seen, (2, 3)), atol=1e-6)
    np.testing.assert_allclose(frozen.run(average, tmp_path)[0], np.nanmean(seen, (2, 3)), atol=1e-6)


def test_arithmetic_by_channel_and_by_number(tmp_path: Path) -> None:
    frozen = Frozen()
    by_channel = np.array([1, 2, 3], np.float32)
    scaled = frozen.add("Mul", frozen.constant(np.float32(0.5)), frozen.add("Add", "input", frozen.constant(by_channel)))
    joined = frozen.add("ConcatV2", scaled, "input", frozen.constant(np.int32(-1)))
    expected = np.concatenate([(PICTURE + by_channel) * 0.5, PICTURE], 3)
    np.testing.assert_allclose(frozen.run(joined, tmp_path), expected, atol=1e-6)


def test_batch_norm_of_vectors_and_unit_length(tmp_path: Path) -> None:
    frozen = Frozen()
    pooled = frozen.add("AvgPool", "input", ksize=[1, 9, 8, 1], strides=[1, 1, 1, 1], padding="VALID")
    vector = frozen.add("Reshape", pooled, frozen.constant(np.array([-1, 3], np.int32)))
    weight = RANDOM.normal(size=(3, 6)).astype(np.float32)
    dense = frozen.add("MatMul", vector, frozen.constant(weight))
    wide = frozen.add("Reshape", dense, frozen.constant(np.array([-1, 1, 1, 6], np.int32)))
    terms = [RANDOM.uniform(0.5, 2, 6).astype(np.float32) for _ in range(4)]
    normed = frozen.add("FusedBatchNorm", wide, *map(frozen.constant, terms), epsilon=0.001)
    flat = frozen.add("Reshape", normed, frozen.constant(np.array([-1, 6], np.int32)))
    total = frozen.add("Sum", frozen.add("Square", flat), frozen.constant(np.array([1], np.int32)), keep_dims=True)
    safe = frozen.add("Maximum", total, frozen.constant(np.float32(1e-10)))
    output = frozen.add("Mul", flat, frozen.add("Rsqrt", safe))

    gamma, beta, mean, variance = terms
    expected = (PICTURE.mean((1, 2)) @ weight - mean) / np.sqrt(variance + 0.001) * gamma + beta
    expected /= np.linalg.norm(expected)
    np.testing.assert_allclose(frozen.run(output, tmp_path), expected, atol=1e-5)


def test_operations_may_stand_in_any_order(tmp_path: Path) -> None:
    frozen = Frozen()
    output = frozen.add("Relu", frozen.add("BiasAdd", "input", frozen.constant(np.ones(3, np.float32))))
    nodes = list(frozen.message.node)[::-1]
    del frozen.message.node[:]
    frozen.message.node.extend(nodes)
    np.testing.assert_allclose(frozen.run(output, tmp_path), np.maximum(PICTURE + 1, 0), atol=1e-6)


def test_an_unknown_operation_is_named(tmp_path: Path) -> None:
    frozen = Frozen()
    output = frozen.add("LRN", "input")
    with pytest.raises(ModelError, match="LRN"):
        frozen.run(output, tmp_path)


def test_a_picture_is_not_flattened_wrongly(tmp_path: Path) -> None:
    frozen = Frozen()
    output = frozen.add("Reshape", "input", frozen.constant(np.array([-1, 216], np.int32)))
    with pytest.raises(ModelError, match="Reshape"):
        frozen.run(output, tmp_path)


@pytest.mark.parametrize("data", [b"\xff" * 20, b""])
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises(ModelError):
        read_tensorflow(data, ("embeddings",))
