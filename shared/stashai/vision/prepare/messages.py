"""Message classes for the parts of ONNX's and TensorFlow's protobuf files that are read or written here.

Neither `onnx` nor `tensorflow` has a wheel for every machine that Stash runs on (none for musl), while `protobuf` is pure
Python there; so the few messages are described here, with the field numbers of onnx.proto and of TensorFlow's graph.proto.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

# name -> fields as (name, number, type), where a type is a scalar or a message of the same file, "*" for a repeated one.
_ONNX = {
    "Model": [("ir_version", 1, "int64"), ("producer_name", 2, "string"), ("graph", 7, "Graph"), ("opset_import", 8, "Opset*")],
    "Opset": [("domain", 1, "string"), ("version", 2, "int64")],
    "Graph": [
        ("node", 1, "Node*"),
        ("name", 2, "string"),
        ("initializer", 5, "Tensor*"),
        ("input", 11, "Value*"),
        ("output", 12, "Value*"),
    ],
    "Node": [
        ("input", 1, "string*"),
        ("output", 2, "string*"),
        ("name", 3, "string"),
        ("op_type", 4, "string"),
        ("attribute", 5, "Attribute*"),
        ("domain", 7, "string"),
    ],
    "Attribute": [
        ("name", 1, "string"),
        ("f", 2, "float"),
        ("i", 3, "int64"),
        ("s", 4, "bytes"),
        ("t", 5, "Tensor"),
        ("floats", 7, "float*"),
        ("ints", 8, "int64*"),
        ("strings", 9, "bytes*"),
        ("type", 20, "int32"),
    ],
    "Tensor": [
        ("dims", 1, "int64*"),
        ("data_type", 2, "int32"),
        ("float_data", 4, "float*"),
        ("int32_data", 5, "int32*"),
        ("int64_data", 7, "int64*"),
        ("name", 8, "string"),
        ("raw_data", 9, "bytes"),
        ("double_data", 10, "double*"),
        ("data_location", 14, "int32"),
    ],
    "Value": [("name", 1, "string"), ("type", 2, "Type")],
    "Type": [("tensor_type", 1, "TensorType")],
    "TensorType": [("elem_type", 1, "int32"), ("shape", 2, "Shape")],
    "Shape": [("dim", 1, "Dimension*")],
    "Dimension": [("dim_value", 1, "int64"), ("dim_param", 2, "string")],
}
_GRAPHDEF = {
    "GraphDef": [("node", 1, "Node*")],
    "Node": [("name", 1, "string"), ("op", 2, "string"), ("input", 3, "string*"), ("attr", 5, "Entry*")],
    "Entry": [("key", 1, "string"), ("value", 2, "Value")],
    "Value": [
        ("list", 1, "List"),
        ("s", 2, "bytes"),
        ("i", 3, "int64"),
        ("f", 4, "float"),
        ("b", 5, "bool"),
        ("type", 6, "int32"),
        ("shape", 7, "Shape"),
        ("tensor", 8, "Tensor"),
    ],
    "List": [("i", 3, "int64*")],
    "Shape": [("dim", 2, "Dimension*"), ("unknown_rank", 3, "bool")],
    "Dimension": [("size", 1, "int64")],
    "Tensor": [
        ("dtype", 1, "int32"),
        ("tensor_shape", 2, "Shape"),
        ("tensor_content", 4, "bytes"),
        ("float_val", 5, "float*"),
        ("int_val", 7, "int32*"),
        ("int64_val", 10, "int64*"),
        ("bool_val", 11, "bool*"),
    ],
}


@cache
def onnx_messages() -> dict[str, Any]:
    """The message classes of an ONNX file by name: Model, Graph, Node, Attribute, Tensor, Value, …"""
    return _classes("onnx", _ONNX)


@cache
def graphdef_messages() -> dict[str, Any]:
    """The message classes of a frozen TensorFlow graph by name: GraphDef, Node, Entry, Value, Tensor, …"""
    return _classes("graphdef", _GRAPHDEF)


def _classes(package: str, messages: dict[str, list[tuple[str, int, str]]]) -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name=f"stashai_{package}.proto", package=f"stashai.{package}", syntax="proto2")
    for name, fields in messages.items():
        message = file.message_type.add(name=name)
        for field_name, number, kind in fields:
            _add_field(message, field_name, number, kind, file.package)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = {name: pool.FindMessageTypeByName(f"{file.package}.{name}") for name in messages}
    return {name: message_factory.GetMessageClass(descriptor) for name, descriptor in found.items()}


def _add_field(message: Any, name: str, number: int, kind: str, package: str) -> None:
    types = descriptor_pb2.FieldDescriptorProto
    repeated, scalar = kind.endswith("*"), kind.rstrip("*")
    field = message.field.add(name=name, number=number, label=types.LABEL_REPEATED if repeated else types.LABEL_OPTIONAL)
    if scalar[0].isupper():
        field.type, field.type_name = types.TYPE_MESSAGE, f".{package}.{scalar}"
    else:
        field.type = getattr(types, f"TYPE_{scalar.upper()}")
