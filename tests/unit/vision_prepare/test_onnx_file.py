"""ONNX files are read and written as the `onnx` package reads and writes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tests.unit.vision_prepare.graphs import Builder, assert_equal, pictures, run_ort

from stashai.errors import ModelError
from stashai.vision.prepare.onnx_file import read_onnx, write_onnx


def test_a_written_file_is_valid_for_the_onnx_package(tmp_path: Path) -> None:
    build = Builder(size=16)
    graph = build.outputs(build.node("Relu", build.conv("x", 3, 4)))
    graph.outputs = {"out0": [1, 4, "height", "width"]}
    write_onnx(graph, tmp_path / "a.onnx")
    onnx.checker.check_model(onnx.load(tmp_path / "a.onnx"), full_check=True)


def test_what_is_written_is_read_back_the_same(tmp_path: Path) -> None:
    build = Builder()
    graph = build.outputs(build.node("Clip", build.conv("x", 3, 4), build.constant(np.float32(0)), build.constant(np.float32(1))))
    write_onnx(graph, tmp_path / "a.onnx")
    again = read_onnx((tmp_path / "a.onnx").read_bytes())
    assert [(n.op, n.inputs, n.outputs, n.attributes) for n in again.nodes] == [
        (n.op, n.inputs, n.outputs, n.attributes) for n in graph.nodes
    ]
    assert again.shape == [1, 3, "H", "W"]
    assert again.opset == graph.opset
    assert_equal(run_ort(graph, tmp_path, pictures()), run_ort(again, tmp_path, pictures()), 0)


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8", "uint8", "int32", "int64", "bool", "float64"])
@pytest.mark.parametrize("raw", [True, False])
def test_constants_of_every_type_are_read(dtype: str, raw: bool) -> None:
    values = np.array([[0, 1], [1, 0]], dtype)
    tensor = numpy_helper.from_array(values, "c")
    if not raw:
        kind = helper.np_dtype_to_tensor_dtype(values.dtype)
        flat = values.reshape(-1).view(np.uint16) if dtype == "float16" else values.reshape(-1)
        tensor = TensorProto(name="c", data_type=kind, dims=values.shape)
        field = {"float32": tensor.float_data, "int64": tensor.int64_data, "float64": tensor.double_data}.get(dtype, tensor.int32_data)
        field.extend(flat.astype(np.int32).tolist() if dtype == "bool" else flat.tolist())
    found = read_onnx(_file([tensor])).constants["c"]
    assert found.dtype == values.dtype
    np.testing.assert_array_equal(found, values)


def test_constants_listed_as_inputs_are_not_inputs() -> None:
    tensor = numpy_helper.from_array(np.ones(2, np.float32), "c")
    stale = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in ("c", "never used")]
    assert read_onnx(_file([tensor], stale)).input == "x"


def test_two_inputs_are_refused_by_name() -> None:
    node = helper.make_node("Add", ["x", "y"], ["z"])
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xyz"]
    model = helper.make_model(helper.make_graph([node], "g", values[:2], values[2:]))
    with pytest.raises(ModelError, match="'x', 'y'"):
        read_onnx(model.SerializeToString())


def test_weights_in_another_file_are_refused() -> None:
    tensor = numpy_helper.from_array(np.ones(2, np.float32), "c")
    tensor.data_location = TensorProto.EXTERNAL
    with pytest.raises(ModelError, match="another file"):
        read_onnx(_file([tensor]))


@pytest.mark.parametrize("data", [b"not a network", b"", b"\x00" * 64])
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises(ModelError):
        read_onnx(data)


def _file(tensors: list[TensorProto], more_inputs: list[onnx.ValueInfoProto] | None = None) -> bytes:
    node = helper.make_node("Relu", ["x"], ["y"])
    use = helper.make_node("Identity", ["c"], ["unused"])
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"]
    graph = helper.make_graph([node, use], "g", [ends[0], *(more_inputs or [])], ends[1:], tensors)
    data: bytes = helper.make_model(graph).SerializeToString()
    return data
