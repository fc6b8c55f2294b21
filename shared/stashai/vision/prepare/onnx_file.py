"""ONNX files to graphs and back, without the `onnx` package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ...errors import ModelError
from .graph import Array, Attribute, Graph, Node, Size, ordered
from .messages import onnx_messages

FLOAT, INT64 = 1, 7
_TYPES: dict[int, np.dtype[Any]] = {
    1: np.dtype("<f4"),
    2: np.dtype("u1"),
    3: np.dtype("i1"),
    6: np.dtype("<i4"),
    7: np.dtype("<i8"),
    9: np.dtype("?"),
    10: np.dtype("<f2"),
    11: np.dtype("<f8"),
}
_CODES = {dtype: code for code, dtype in _TYPES.items()}


def read_onnx(data: bytes) -> Graph:
    """The graph of an ONNX file. Initialisers that are listed as inputs too (stale ones included) are constants.

    Raises ModelError for what is not an ONNX file, has several inputs, or keeps its weights in other files.
    """
    model = onnx_messages()["Model"]()
    try:
        model.ParseFromString(data)
    except Exception as error:  # protobuf's DecodeError differs between its implementations
        raise ModelError("This is not an ONNX file.", code="model-graph") from error
    graph = model.graph
    constants = {tensor.name: read_tensor(tensor) for tensor in graph.initializer}
    nodes = [Node(n.op_type, list(n.input), list(n.output), {a.name: _attribute(a) for a in n.attribute}) for n in graph.node]
    used = {name for node in nodes for name in node.inputs}
    inputs = [value for value in graph.input if value.name not in constants and value.name in used]
    if len(inputs) != 1:
        names = [value.name for value in inputs]
        raise ModelError(f"A network with one input is needed, this one has {names}.", code="model-graph")
    opset = max((entry.version for entry in model.opset_import if not entry.domain), default=1)
    return Graph(
        input=inputs[0].name,
        shape=_shape(inputs[0]),
        outputs={value.name: _shape(value) or None for value in graph.output},
        nodes=ordered(nodes, {inputs[0].name, *constants}),
        constants=constants,
        opset=opset,
    )


def read_tensor(tensor: Any) -> Array:
    """An ONNX TensorProto as an array. Raises ModelError for weights kept elsewhere or of a type that is not read here."""
    if tensor.data_location:
        raise ModelError(f"The weights {tensor.name!r} lie in another file.", code="model-graph")
    if tensor.data_type not in _TYPES:
        raise ModelError(f"The weights {tensor.name!r} have the unknown type {tensor.data_type}.", code="model-graph")
    dtype = _TYPES[tensor.data_type]
    shape = tuple(tensor.dims)
    if tensor.HasField("raw_data"):
        return np.frombuffer(tensor.raw_data, dtype).reshape(shape)
    if tensor.data_type == _CODES[np.dtype("<f2")]:
        return np.array(tensor.int32_data, np.uint16).view(dtype).reshape(shape)
    values = tensor.float_data or tensor.int64_data or tensor.int32_data or tensor.double_data
    return np.array(values, dtype).reshape(shape)


def write_onnx(graph: Graph, path: Path) -> None:
    """Write `graph` to `path`; every output is float32."""
    messages = onnx_messages()
    model = messages["Model"](ir_version=8, producer_name="stashai")
    model.opset_import.add(domain="", version=graph.opset)
    model.graph.name = "stashai"
    _add_value(model.graph.input, graph.input, graph.shape)
    for name, shape in graph.outputs.items():
        _add_value(model.graph.output, name, shape)
    for name, array in graph.constants.items():
        _fill_tensor(model.graph.initializer.add(name=name), array)
    for node in graph.nodes:
        written = model.graph.node.add(op_type=node.op, name=node.outputs[0], input=node.inputs, output=node.outputs)
        for key, value in node.attributes.items():
            _fill_attribute(written.attribute.add(name=key), value)
    path.write_bytes(model.SerializeToString())


def _shape(value: Any) -> list[Size]:
    return [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]


def _attribute(attribute: Any) -> Attribute:
    plain: dict[int, Any] = {1: attribute.f, 2: attribute.i, 3: attribute.s}
    if attribute.type in plain:
        value: Attribute = plain[attribute.type]
        return value
    if attribute.type == 4:
        return read_tensor(attribute.t)
    lists: dict[int, Any] = {6: attribute.floats, 7: attribute.ints, 8: attribute.strings}
    if attribute.type not in lists:
        raise ModelError(f"The attribute {attribute.name!r} cannot be read.", code="model-graph")
    return list(lists[attribute.type])


def _fill_attribute(written: Any, value: Attribute) -> None:
    if isinstance(value, int):
        written.i, written.type = value, 2
    elif isinstance(value, float):
        written.f, written.type = value, 1
    elif isinstance(value, bytes):
        written.s, written.type = value, 3
    elif isinstance(value, np.ndarray):
        written.type = 4
        _fill_tensor(written.t, value)
    else:
        kind = type(value[0]) if value else int
        field, written.type = {float: ("floats", 6), int: ("ints", 7), bytes: ("strings", 8)}[kind]
        getattr(written, field).extend(value)


def _fill_tensor(written: Any, array: Array) -> None:
    written.data_type = _CODES[array.dtype.newbyteorder("<") if array.dtype.itemsize > 1 else array.dtype]
    written.dims.extend(array.shape)
    written.raw_data = np.ascontiguousarray(array).tobytes()


def _add_value(values: Any, name: str, shape: list[Size] | None) -> None:
    value = values.add(name=name)
    value.type.tensor_type.elem_type = FLOAT
    if shape is None:
        return
    for size in shape:
        if isinstance(size, int):
            value.type.tensor_type.shape.dim.add(dim_value=size)
        else:
            value.type.tensor_type.shape.dim.add(dim_param=size)
