"""What never changes is computed once, with the numbers that the operators give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.unit.vision_prepare.graphs import Builder, assert_equal, pictures, run_ort

from stashai.vision.prepare.fold import fold


@pytest.mark.parametrize(("axis", "block", "scales"), [(1, 4, (6, 2)), (0, 3, (2, 8)), (1, 0, (8,)), (0, 0, (6,)), (1, 0, ())])
def test_quantised_weights_become_what_they_stand_for(axis: int, block: int, scales: tuple[int, ...]) -> None:
    rng = np.random.default_rng(1)
    quantised, scale, zero = (
        rng.integers(-128, 127, (6, 8)).astype(np.int8),
        rng.uniform(0.1, 1, scales).astype(np.float32),
        rng.integers(-9, 9, scales).astype(np.int8),
    )
    build = Builder()
    taken = build.node(
        "DequantizeLinear", build.constant(quantised), build.constant(scale), build.constant(zero), axis=axis, block_size=block
    )
    graph = build.outputs(build.node("Mul", "x", taken))
    fold(graph)
    expected = np.empty((6, 8), np.float32)
    for row, column in np.ndindex(6, 8):
        place = (row, column)
        index: tuple[int, ...] = tuple(p // block if i == axis and block else p for i, p in enumerate(place)) if block else ()
        if not block and scales:
            index = (place[axis],)
        expected[place] = (float(quantised[place]) - float(zero[index])) * float(scale[index])
    assert [node.op for node in graph.nodes] == ["Mul"]
    np.testing.assert_allclose(graph.constants[graph.nodes[0].inputs[1]], expected, rtol=1e-6)


def test_constants_through_reshape_cast_and_concat_are_folded(tmp_path: Path) -> None:
    build = Builder()
    half = build.node("Cast", build.constant(np.arange(4, dtype=np.float16)), to=1)
    both = build.node("Concat", half, half, axis=0)
    shaped = build.node("Reshape", both, build.constant(np.array([1, 8, 1, 1])))
    graph = build.outputs(build.node("Mul", build.conv("x", 3, 8), shaped))
    before = run_ort(graph, tmp_path, pictures())
    fold(graph)
    assert [node.op for node in graph.nodes] == ["Conv", "Mul"]
    assert_equal(before, run_ort(graph, tmp_path, pictures()), 0)


@pytest.mark.parametrize("passing", ["Dropout", "Identity"])
def test_nodes_that_change_nothing_go(passing: str, tmp_path: Path) -> None:
    build = Builder()
    middle = build.node(passing, build.conv("x", 3, 4))
    graph = build.outputs(build.node(passing, build.node("Relu", middle)))
    before = run_ort(graph, tmp_path, pictures())
    fold(graph)
    assert [node.op for node in graph.nodes] == ["Conv", "Relu"]
    assert list(graph.outputs) == ["out0"]
    assert_equal(before, run_ort(graph, tmp_path, pictures()), 0)


def test_a_shape_computed_from_the_batch_becomes_constant(tmp_path: Path) -> None:
    build = Builder(opset=11)
    taken = build.node("Transpose", build.conv("x", 3, 4), perm=[0, 2, 3, 1])
    batch = build.node("Gather", build.node("Shape", taken), build.constant(np.array(0)), axis=0)
    target = build.node("Concat", build.node("Unsqueeze", batch, axes=[0]), build.constant([-1]), build.constant([4]), axis=0)
    graph = build.outputs(build.node("Reshape", taken, target))
    before = run_ort(graph, tmp_path, pictures())
    fold(graph)
    assert [node.op for node in graph.nodes] == ["Conv", "Transpose", "Reshape"]
    assert graph.constants[graph.nodes[2].inputs[1]].tolist() == [0, -1, 4]
    assert_equal(before, run_ort(graph, tmp_path, pictures()), 0)
