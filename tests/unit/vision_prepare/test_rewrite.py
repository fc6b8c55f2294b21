"""Every rewrite leaves the outputs as they were."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.vision_prepare.graphs import Builder, assert_equal, pictures, run_ort

from stashai.vision.prepare.graph import Graph
from stashai.vision.prepare.prelu import rewrite_prelu
from stashai.vision.prepare.rewrite import (
    batch_heads,
    channels_first,
    drop_unit_reshapes,
    dynamic_batch,
    dynamic_size,
    flush_subnormals,
    merge_arithmetic,
    merge_batch_norm,
)
from stashai.vision.prepare.siblings import merge_siblings


def operators(graph: Graph) -> list[str]:
    return [node.op for node in graph.nodes]


def assert_keeps(rewrite: Callable[[Graph], None], graph: Graph, folder: Path, size: int = 16) -> None:
    before = run_ort(deepcopy(graph), folder, pictures(height=size, width=size))
    rewrite(graph)
    assert_equal(before, run_ort(graph, folder, pictures(height=size, width=size)))


def test_batch_norm_moves_into_convolution_and_dense_layer(tmp_path: Path) -> None:
    build = Builder(size=4)
    flat = build.node("Flatten", build.batch_norm(build.conv("x", 3, 5), 5))
    dense = build.node("Gemm", flat, build.weights(7, 80), build.weights(7), transB=1)
    graph = build.outputs(build.batch_norm(dense, 7))
    assert_keeps(merge_batch_norm, graph, tmp_path, 4)
    assert operators(graph) == ["Conv", "Flatten", "Gemm"]


def test_batch_norm_stays_where_others_take_what_it_takes(tmp_path: Path) -> None:
    build = Builder()
    taken = build.conv("x", 3, 5)
    graph = build.outputs(build.node("Add", build.batch_norm(taken, 5), taken))
    assert_keeps(merge_batch_norm, graph, tmp_path)
    assert "BatchNormalization" in operators(graph)


@pytest.mark.parametrize("shape", [(), (1,), (5, 1, 1), (1, 5, 1, 1)])
@pytest.mark.parametrize("constant_first", [True, False])
def test_bias_and_scale_move_into_the_layer(shape: tuple[int, ...], constant_first: bool, tmp_path: Path) -> None:
    build = Builder()
    taken = build.node("Conv", "x", build.weights(5, 3, 3, 3), kernel_shape=[3, 3], pads=[1] * 4)
    for op in ("Add", "Mul"):
        pair = [taken, build.weights(*shape)]
        taken = build.node(op, *(pair[::-1] if constant_first else pair))
    graph = build.outputs(taken)
    assert_keeps(merge_arithmetic, graph, tmp_path)
    assert operators(graph) == ["Conv"]


@pytest.mark.parametrize("shape", [(16,), (16, 1), (1, 1, 16, 16)])
def test_what_is_added_to_places_and_not_to_channels_stays(shape: tuple[int, ...], tmp_path: Path) -> None:
    build = Builder()
    graph = build.outputs(build.node("Add", build.conv("x", 3, 16), build.weights(*shape)))
    assert_keeps(merge_arithmetic, graph, tmp_path)
    assert operators(graph) == ["Conv", "Add"]


def test_vectors_need_no_pixel_for_batch_norm(tmp_path: Path) -> None:
    build = Builder(size=4)
    dense = build.node("Gemm", build.node("Flatten", "x"), build.weights(48, 7))
    wide = build.node("Reshape", dense, build.constant([1, 7, 1, 1]))
    graph = build.outputs(build.node("Reshape", build.batch_norm(wide, 7), build.constant([1, 7])))
    assert_keeps(drop_unit_reshapes, graph, tmp_path, 4)
    assert operators(graph) == ["Flatten", "Gemm", "BatchNormalization"]


def test_a_batch_of_four_is_four_times_one(tmp_path: Path) -> None:
    build = Builder(size=16)
    heads = build.node("Reshape", build.node("Transpose", build.conv("x", 3, 4), perm=[0, 2, 3, 1]), build.constant([1, -1, 2]))
    graph = build.outputs(heads)
    blob = pictures(4)
    singles = [run_ort(deepcopy(graph), tmp_path, picture[None])[0] for picture in blob]
    dynamic_batch(graph)
    assert_equal([np.concatenate(singles)], run_ort(graph, tmp_path, blob), 1e-6)


def test_any_size_gives_what_a_graph_of_that_size_gives(tmp_path: Path) -> None:
    def graph_of(size: int) -> Graph:
        build = Builder(size=size)
        return build.outputs(build.node("MaxPool", build.conv("x", 3, 4, stride=2), kernel_shape=[2, 2], strides=[2, 2]))

    any_size = graph_of(16)
    dynamic_size(any_size)
    for size in (16, 32, 20):
        blob = pictures(height=size, width=size)
        assert_equal(run_ort(graph_of(size), tmp_path, blob), run_ort(any_size, tmp_path, blob), 0)


@pytest.mark.parametrize("perm", [[2, 3, 0, 1], [0, 2, 3, 1]])
def test_heads_of_one_picture_get_a_batch_axis(perm: list[int], tmp_path: Path) -> None:
    build = Builder()
    graph = build.outputs(
        build.node("Sigmoid", build.node("Reshape", build.node("Transpose", build.conv("x", 3, 4), perm=perm), build.constant([-1, 2])))
    )
    (before,) = run_ort(deepcopy(graph), tmp_path, pictures())
    batch_heads(graph)
    dynamic_batch(graph)
    assert_equal([before[None]], run_ort(graph, tmp_path, pictures()), 0)
    assert run_ort(graph, tmp_path, pictures(3))[0].shape == (3, *before.shape)


def test_channels_come_first(tmp_path: Path) -> None:
    build = Builder()
    build.graph.shape = [1, 16, 16, 3]
    graph = build.outputs(build.conv(build.node("Transpose", "x", perm=[0, 3, 1, 2]), 3, 4))
    before = run_ort(deepcopy(graph), tmp_path, np.ascontiguousarray(pictures().transpose(0, 2, 3, 1)))
    channels_first(graph)
    assert_equal(before, run_ort(graph, tmp_path, pictures()), 0)
    assert graph.shape == [1, 3, 16, 16]


def test_negligible_weights_become_zero_and_others_stay() -> None:
    build = Builder()
    name = build.constant(np.array([1e-39, -1e-21, 1e-19, -2.0, 0.0], np.float32))
    build.constant(np.array([1, 2]))
    flush_subnormals(build.graph)
    assert build.graph.constants[name].tolist() == np.array([0, 0, 1e-19, -2, 0], np.float32).tolist()


slopes = st.lists(st.floats(-2, 2, width=32), min_size=4, max_size=4)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=slopes, alone=st.booleans(), shared=st.booleans())
def test_prelu_is_what_it_was(values: list[float], alone: bool, shared: bool, tmp_path: Path) -> None:
    build = Builder()
    taken = build.conv("x", 3, 4)
    slope = np.array(values[:1] if shared else values, np.float32).reshape(-1, 1, 1)
    result = build.node("PRelu", taken, build.constant(slope))
    graph = build.outputs(result if alone else build.node("Add", result, taken))
    assert_keeps(rewrite_prelu, graph, tmp_path)
    assert "PRelu" not in operators(graph)
    steep = slope.max() > 0.95
    assert operators(graph).count("Mul") == (2 if steep or not alone else 1)


def head_graph(parts: tuple[int, ...], opset: int = 17) -> Graph:
    build = Builder(opset=opset)
    shared = build.node("Relu", build.conv("x", 3, 8))
    ends = []
    for part in parts:
        head = build.conv(build.conv(shared, 8, part, size=1), part, part, group=part)
        flat = build.node("Reshape", build.node("Transpose", head, perm=[0, 2, 3, 1]), build.constant([0, -1, part]))
        ends.append(build.node("Sigmoid", flat) if part == 1 else flat)
    return build.outputs(*ends)


@pytest.mark.parametrize("opset", [11, 17])
def test_heads_side_by_side_are_computed_together(opset: int, tmp_path: Path) -> None:
    graph = head_graph((1, 1, 4, 10), opset)
    assert_keeps(merge_siblings, graph, tmp_path)
    assert operators(graph) == ["Conv", "Relu", "Conv", "Conv", "Transpose", "Reshape", "Split", "Sigmoid", "Sigmoid"]


def test_siblings_that_go_different_ways_are_split_at_once(tmp_path: Path) -> None:
    build = Builder()
    first, second, third = (build.conv("x", 3, part, size=1) for part in (2, 3, 4))
    graph = build.outputs(build.node("Relu", first), second, build.conv(third, 4, 4, group=4))
    assert_keeps(merge_siblings, graph, tmp_path)
    assert operators(graph) == ["Conv", "Split", "Relu", "Conv"]


def test_convolutions_that_differ_stay_apart(tmp_path: Path) -> None:
    build = Builder()
    graph = build.outputs(build.conv("x", 3, 2, size=1), build.conv("x", 3, 2), build.conv("x", 3, 2, stride=2))
    assert_keeps(merge_siblings, graph, tmp_path)
    assert operators(graph) == ["Conv"] * 3
