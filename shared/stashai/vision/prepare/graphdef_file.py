"""Frozen TensorFlow graphs, read without TensorFlow: nodes, attributes and constants as they are in the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

import numpy as np

from ...errors import ModelError
from .graph import Array
from .messages import graphdef_messages

_TYPES: dict[int, tuple[np.dtype[Any], str]] = {
    1: (np.dtype("<f4"), "float_val"),
    3: (np.dtype("<i4"), "int_val"),
    9: (np.dtype("<i8"), "int64_val"),
    10: (np.dtype("?"), "bool_val"),
}


@dataclass(frozen=True, slots=True)
class TensorflowNode:
    """One operation: names of what it takes (without ":0"), and its attributes as Python values."""

    name: str
    op: str
    inputs: tuple[str, ...]
    attributes: Mapping[str, Any]


def read_graphdef(data: bytes) -> list[TensorflowNode]:
    """The operations of a frozen graph in an order in which they can run (the file's may be another). Raises ModelError."""
    message = graphdef_messages()["GraphDef"]()
    try:
        message.ParseFromString(data)
    except Exception as error:  # protobuf's DecodeError differs between its implementations
        raise ModelError("This is not a frozen TensorFlow graph.", code="model-graph") from error
    nodes = [
        TensorflowNode(
            name=node.name,
            op=node.op,
            inputs=tuple(name.removesuffix(":0") for name in node.input if not name.startswith("^")),
            attributes={entry.key: _value(entry.value) for entry in node.attr},
        )
        for node in message.node
    ]
    return _ordered(nodes)


def _ordered(nodes: list[TensorflowNode]) -> list[TensorflowNode]:
    by_name = {node.name: node for node in nodes}
    try:
        return [by_name[name] for name in TopologicalSorter({node.name: node.inputs for node in nodes}).static_order()]
    except (CycleError, KeyError) as error:
        raise ModelError(f"The graph cannot be put in order: {error}.", code="model-graph") from error


def _value(value: Any) -> Any:
    if value.HasField("tensor"):
        return _tensor(value.tensor)
    if value.HasField("list"):
        return list(value.list.i)
    if value.HasField("shape"):
        return [dimension.size for dimension in value.shape.dim]
    if value.HasField("s"):
        return value.s.decode("utf-8", "replace")
    return next((getattr(value, name) for name in ("i", "f", "b", "type") if value.HasField(name)), None)


def _tensor(tensor: Any) -> Array:
    if tensor.dtype not in _TYPES:
        raise ModelError(f"A constant of the unknown type {tensor.dtype} is in the graph.", code="model-graph")
    dtype, field = _TYPES[tensor.dtype]
    shape = tuple(dimension.size for dimension in tensor.tensor_shape.dim)
    if tensor.tensor_content:
        return np.frombuffer(tensor.tensor_content, dtype).reshape(shape)
    values = np.array(getattr(tensor, field), dtype)
    # One value may stand for all of them.
    return np.full(shape, values[0], dtype) if values.size == 1 else values.reshape(shape)
