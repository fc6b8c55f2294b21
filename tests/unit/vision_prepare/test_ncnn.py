"""ncnn gives what ONNX Runtime gives, layer by layer, at any size; what it cannot be told is said by name."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
from tests.unit.vision_prepare.graphs import Builder, assert_equal, pictures, run_ncnn, run_ort
from tests.unit.vision_prepare.test_rewrite import head_graph

from stashai.errors import ModelError
from stashai.vision.prepare.graph import Attribute, Graph
from stashai.vision.prepare.ncnn_file import write_ncnn
from stashai.vision.prepare.ncnn_layers import ncnn_layers
from stashai.vision.prepare.siblings import merge_siblings
from stashai.vision.session import Session

pytest.importorskip("ncnn", reason="there is no wheel of it for this platform")

ASYMMETRIC: dict[str, Attribute] = {"coordinate_transformation_mode": b"asymmetric", "nearest_mode": b"floor", "mode": b"nearest"}


def _convolutions(b: Builder) -> str:
    taken = b.node("Relu", b.conv("x", 3, 8, stride=2))
    taken = b.conv(taken, 8, 8, group=8)
    return b.conv(taken, 8, 16, size=5, group=2)


def _uneven(b: Builder) -> str:
    pads, kernel = [0, 1, 2, 3], [1, 3]
    return b.node("Conv", "x", b.weights(4, 3, *kernel), kernel_shape=kernel, pads=pads, strides=[1, 2], dilations=[1, 2])


def _relu_taken_twice(b: Builder) -> str:
    taken = b.conv("x", 3, 4)
    return b.node("Add", b.node("Relu", taken), taken)


def _pools(b: Builder) -> str:
    taken = b.node("MaxPool", "x", kernel_shape=[3, 3], strides=[2, 2], pads=[0, 0, 0, 0])
    return b.node("AveragePool", taken, kernel_shape=[2, 3], strides=[1, 1], pads=[0, 1, 0, 1], count_include_pad=1)


def _pool_by_ceiling(b: Builder) -> str:
    return b.node("MaxPool", "x", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)


def _activations(b: Builder) -> str:
    taken = b.node("PRelu", b.conv("x", 3, 4), b.weights(4, 1, 1))
    taken = b.node("LeakyRelu", b.batch_norm(taken, 4), alpha=0.3)
    taken = b.node("Clip", taken, b.constant(np.float32(-1)), b.constant(np.float32(1.5)))
    return b.node("Sigmoid", taken)


def _arithmetic(b: Builder) -> str:
    taken = b.node("Sub", b.constant(np.float32(3)), b.node("Mul", "x", b.weights(1, 3, 1, 1)))
    taken = b.node("Div", b.weights(3, 1, 1), b.node("Max", taken, b.constant(np.array([0.5], np.float32))))
    return b.node("Sub", b.node("Min", b.node("Abs", taken), b.node("Sqrt", b.node("Abs", "x"))), b.weights(3, 1, 1))


def _one_constant_twice(b: Builder) -> str:
    constant = b.weights(3, 1, 1)
    return b.node("Mul", b.node("Add", "x", constant), constant)


def _normalised(b: Builder) -> str:
    vector = b.node("Gemm", b.node("Flatten", b.node("GlobalAveragePool", "x")), b.weights(3, 6), b.weights(6))
    length = b.node("ReduceSum", b.node("Mul", vector, vector), b.constant(np.array([1])), keepdims=1)
    safe = b.node("Max", length, b.constant(np.float32(1e-10)))
    return b.node("Mul", b.batch_norm(vector, 6), b.node("Reciprocal", b.node("Sqrt", safe)))


def _resize(b: Builder, *inputs: str) -> str:
    name = b.node("Resize", *inputs)
    b.graph.nodes[-1].attributes.update(ASYMMETRIC)
    return name


def _resized_by_two(b: Builder) -> str:
    empty = b.constant(np.zeros(0, np.float32))
    scales = b.constant(np.array([1, 1, 2, 2], np.float32))
    small = b.conv("x", 3, 4, stride=2)
    return b.node("Add", _resize(b, small, empty, scales), b.conv("x", 3, 4))


def _resized_to_another(b: Builder) -> str:
    big, small = b.conv("x", 3, 4), b.conv("x", 3, 4, stride=2)
    sizes = [b.node("Gather", b.node("Shape", big), b.constant(np.array([axis])), axis=0) for axis in (2, 3)]
    target = b.node("Concat", b.node("Slice", b.node("Shape", small), b.constant([0]), b.constant([2]), b.constant([0])), *sizes, axis=0)
    empty = b.constant(np.zeros(0, np.float32))
    return b.node("Add", _resize(b, small, empty, empty, target), big)


def _turned(b: Builder) -> str:
    return b.node("Concat", b.node("Transpose", "x", perm=[0, 3, 1, 2]), b.node("Transpose", "x", perm=[0, 3, 1, 2]), axis=1)


def _flattened(b: Builder) -> str:
    return b.node("Reshape", b.node("Transpose", "x", perm=[0, 2, 3, 1]), b.constant([0, -1, 3]))


NETWORKS: list[Callable[[Builder], str]] = [
    _convolutions,
    _uneven,
    _relu_taken_twice,
    _pools,
    _pool_by_ceiling,
    _activations,
    _arithmetic,
    _one_constant_twice,
    _normalised,
    _resized_by_two,
    _resized_to_another,
    _turned,
    _flattened,
]


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.__name__.strip("_"))
def test_same_numbers_at_several_sizes(network: Callable[[Builder], str], tmp_path: Path) -> None:
    build = Builder()
    graph = build.outputs(network(build))
    for height, width in ((16, 16), (32, 16), (10, 22)):
        blob = pictures(height=height, width=width)
        assert_equal(run_ort(deepcopy(graph), tmp_path, blob), run_ncnn(graph, tmp_path, blob), 1e-5)


def test_heads_together_with_slices(tmp_path: Path) -> None:
    graph = head_graph((1, 1, 4, 10), opset=11)
    merge_siblings(graph)
    assert_equal(run_ort(graph, tmp_path, pictures()), run_ncnn(graph, tmp_path, pictures()), 1e-5)


def test_a_batch_is_run_one_by_one(tmp_path: Path) -> None:
    build = Builder()
    graph = build.outputs(build.conv("x", 3, 4), build.node("Flatten", "x"))
    graph.shape[0] = "N"
    assert_equal(run_ort(graph, tmp_path, pictures(3)), run_ncnn(graph, tmp_path, pictures(3)), 1e-5)


def test_an_output_that_is_used_inside_keeps_its_name(tmp_path: Path) -> None:
    build = Builder()
    first = build.conv("x", 3, 4)
    graph = build.outputs(first, build.node("Relu", first), build.node("Add", first, first))
    assert_equal(run_ort(graph, tmp_path, pictures()), run_ncnn(graph, tmp_path, pictures()), 1e-5)


@pytest.mark.parametrize("op", ["Softmax", "InstanceNormalization", "Gather"])
def test_an_unknown_operator_is_named(op: str) -> None:
    build = Builder()
    graph = build.outputs(build.node(op, "x"))
    with pytest.raises(ModelError, match=op):
        ncnn_layers(graph)


def test_a_transpose_that_moves_the_batch_is_refused() -> None:
    build = Builder()
    with pytest.raises(ModelError, match="Transpose"):
        ncnn_layers(build.outputs(build.node("Transpose", "x", perm=[1, 0, 2, 3])))


def test_threads_share_a_session_and_leave_their_input_alone(tmp_path: Path) -> None:
    build = Builder()
    # The first layer works in place, on a buffer that is used again.
    graph = build.outputs(build.conv(build.node("Sub", "x", build.constant(np.float32(1))), 3, 8))
    session = _session(graph, tmp_path)
    blobs = [pictures(height=16, width=16 + 4 * (i % 3)) + i for i in range(24)]
    copies = [blob.copy() for blob in blobs]
    expected = [run_ort(graph, tmp_path, blob) for blob in blobs]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(3):
            for found, wanted in zip(pool.map(session.run, blobs), expected, strict=True):
                assert_equal(wanted, list(found), 1e-5)
    for blob, copy in zip(blobs, copies, strict=True):
        np.testing.assert_array_equal(blob, copy)


def test_a_closed_session_says_so(tmp_path: Path) -> None:
    build = Builder()
    session = _session(build.outputs(build.conv("x", 3, 4)), tmp_path)
    session.warm((2, 3, 8, 8))
    session.close()
    with pytest.raises(ModelError, match="closed"):
        session.run(pictures())


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    build = Builder()
    path = tmp_path / "a.param"
    write_ncnn(ncnn_layers(build.outputs(build.conv("x", 3, 4))), ["out0"], path)
    path.write_text("7767517\n3 4\nNoSuchLayer a 0 1 b\n")
    from stashai.vision.sessions.ncnn import NcnnSession

    with pytest.raises(ModelError, match=r"a\.param"):
        NcnnSession(path)


def _session(graph: Graph, folder: Path) -> Session:
    from stashai.vision.sessions.ncnn import NcnnSession

    path = folder / "shared.param"
    write_ncnn(ncnn_layers(graph), list(graph.outputs), path)
    return NcnnSession(path)
