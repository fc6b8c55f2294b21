"""The graph in the middle: every reader makes one, every rewrite changes one, every writer takes one.

Operators and attributes are ONNX's. Constants are numpy arrays by name; nodes are in an order in which they can run.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from ...errors import ModelError

Array = NDArray[Any]
Attribute = int | float | bytes | Array | list[int] | list[float] | list[bytes]
Size = int | str
"""A known dimension, or the name of one that may be anything."""


@dataclass(slots=True)
class Node:
    """One operator: its attributes and the names of the tensors it takes ("" for an omitted one) and gives."""

    op: str
    inputs: list[str]
    outputs: list[str]
    attributes: dict[str, Attribute] = field(default_factory=dict)

    def ints(self, name: str, default: list[int]) -> list[int]:
        """The attribute `name` as a list of integers."""
        value = self.attributes.get(name)
        return [int(item) for item in value] if isinstance(value, list) else default

    def int(self, name: str, default: int) -> int:
        """The attribute `name` as an integer."""
        value = self.attributes.get(name)
        return value if isinstance(value, int) else default

    def float(self, name: str, default: float) -> float:
        """The attribute `name` as a number."""
        value = self.attributes.get(name)
        return float(value) if isinstance(value, int | float) else default

    def text(self, name: str, default: str) -> str:
        """The attribute `name` as a string."""
        value = self.attributes.get(name)
        return value.decode() if isinstance(value, bytes) else default


@dataclass(slots=True)
class Graph:
    """A network with one input. `shape` is the input's (batch, channels, height, width), `outputs` maps each output to its
    shape or to None where nothing is known."""

    input: str
    shape: list[Size]
    outputs: dict[str, list[Size] | None]
    nodes: list[Node]
    constants: dict[str, Array]
    opset: int

    def producers(self) -> dict[str, Node]:
        """Which node gives a tensor."""
        return {name: node for node in self.nodes for name in node.outputs}

    def consumers(self) -> dict[str, list[Node]]:
        """Which nodes take a tensor, once for each time they do."""
        found: dict[str, list[Node]] = {}
        for node in self.nodes:
            for name in node.inputs:
                found.setdefault(name, []).append(node)
        return found

    def replace(self, old: str, new: str) -> None:
        """Let everything that took `old` take `new`."""
        for node in self.nodes:
            node.inputs = [new if name == old else name for name in node.inputs]

    def constant(self, name: str) -> Array:
        """The constant `name`; ModelError when it is computed or missing."""
        try:
            return self.constants[name]
        except KeyError:
            raise ModelError(f"{name!r} is not a constant in this graph.", code="model-graph") from None

    def fresh(self, stem: str) -> str:
        """A name that no tensor has."""
        taken = {name for node in self.nodes for name in node.outputs} | self.constants.keys()
        number = 0
        while f"{stem}_{number}" in taken:
            number += 1
        return f"{stem}_{number}"

    def prune(self) -> None:
        """Drop what no output needs."""
        needed = set(self.outputs)
        kept: list[Node] = []
        for node in reversed(self.nodes):
            if needed.intersection(node.outputs):
                kept.append(node)
                needed.update(node.inputs)
        self.nodes = kept[::-1]
        self.constants = {name: value for name, value in self.constants.items() if name in needed}


def ordered(nodes: Iterable[Node], given: set[str]) -> list[Node]:
    """The nodes in an order in which they can run, `given` being there from the start. ModelError for a cycle or a gap."""
    waiting = list(nodes)
    there = given | {""}
    result: list[Node] = []
    while waiting:
        ready = [node for node in waiting if there.issuperset(node.inputs)]
        if not ready:
            missing = sorted(set(waiting[0].inputs) - there)
            raise ModelError(f"The graph has no producer for {missing}.", code="model-graph")
        for node in ready:
            there.update(node.outputs)
        result += ready
        waiting = [node for node in waiting if not there.issuperset(node.outputs)]
    return result
