"""Heads side by side become one: convolutions of the same tensor are computed together and their results split late.

A detector's heads have 1, 4 or 10 channels each, which fills a processor's vector registers badly; together they have 16.
Each number is computed as before.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .graph import Array, Attribute, Graph, Node, ordered

SPLIT_BY_INPUT = 13
"""From this opset on a Split takes its sizes as an input, before as an attribute."""
_GEOMETRY = ("kernel_shape", "pads", "strides", "dilations", "auto_pad")


def merge_siblings(graph: Graph) -> None:
    """Merge pointwise and other ungrouped convolutions that share their input, then move the Split behind what follows."""
    for group in _siblings(graph):
        split = _merge(graph, group)
        while (moved := _hoist(graph, split)) is not None:
            split = moved
    graph.nodes = ordered(graph.nodes, {graph.input, *graph.constants})
    graph.prune()


def split_sizes(graph: Graph, split: Node) -> list[int]:
    """How many slices each output of a Split gets."""
    return split.ints("split", []) or [int(size) for size in graph.constant(split.inputs[1])]


def _siblings(graph: Graph) -> list[list[Node]]:
    """Groups of at least two convolutions that differ in nothing but their weights."""
    groups: dict[str, list[Node]] = {}
    for node in graph.nodes:
        if node.op == "Conv" and node.int("group", 1) == 1 and len(node.inputs) == 3:
            kernel = graph.constant(node.inputs[1]).shape[2:]
            groups.setdefault(f"{node.inputs[0]}|{kernel}|{_geometry(node)}", []).append(node)
    return [group for group in groups.values() if len(group) > 1]


def _merge(graph: Graph, group: list[Node]) -> Node:
    sizes = [graph.constant(node.inputs[1]).shape[0] for node in group]
    merged = Node("Conv", [group[0].inputs[0], *_joined(graph, group)], [graph.fresh("merged")], dict(group[0].attributes))
    split = _split(graph, merged.outputs[0], sizes, 1, [node.outputs[0] for node in group])
    _substitute(graph, group, [merged, split])
    return split


def _hoist(graph: Graph, split: Node) -> Node | None:
    """Let what all parts go through happen once, before the split. None when they go different ways."""
    consumers = graph.consumers()
    takers = [consumers.get(name, []) for name in split.outputs]
    if any(len(nodes) != 1 for nodes in takers) or any(name in graph.outputs for name in split.outputs):
        return None
    nodes = [taking[0] for taking in takers]
    ways: list[Callable[[Graph, Node, list[Node]], tuple[Node, int] | None]] = [_as_depthwise, _as_transpose, _as_reshape]
    for way in ways:
        found = way(graph, split, nodes)
        if found is not None:
            together, axis = found
            later = _split(graph, together.outputs[0], split_sizes(graph, split), axis, [node.outputs[0] for node in nodes])
            _substitute(graph, [split, *nodes], [together, later])
            return later
    return None


def _as_depthwise(graph: Graph, split: Node, nodes: list[Node]) -> tuple[Node, int] | None:
    sizes = split_sizes(graph, split)
    for node, size in zip(nodes, sizes, strict=True):
        alike = node.op == "Conv" and len(node.inputs) == 3 and _geometry(node) == _geometry(nodes[0])
        if not alike or node.int("group", 1) != size or graph.constant(node.inputs[1]).shape[:2] != (size, 1):
            return None
    attributes: dict[str, Attribute] = {**nodes[0].attributes, "group": sum(sizes)}
    return Node("Conv", [split.inputs[0], *_joined(graph, nodes)], [graph.fresh("merged")], attributes), 1


def _as_transpose(graph: Graph, split: Node, nodes: list[Node]) -> tuple[Node, int] | None:
    perm = nodes[0].ints("perm", [])
    if any(node.op != "Transpose" or node.ints("perm", []) != perm for node in nodes) or not perm:
        return None
    together = Node("Transpose", [split.inputs[0]], [graph.fresh("merged")], {"perm": perm})
    return together, perm.index(split.int("axis", 0))


def _as_reshape(graph: Graph, split: Node, nodes: list[Node]) -> tuple[Node, int] | None:
    """(N, H, W, part) to (N, -1, part): the last axis stays, so that splitting it may wait."""
    sizes = split_sizes(graph, split)
    if split.int("axis", 0) != 3 or any(node.op != "Reshape" for node in nodes):
        return None
    targets = [list(graph.constants.get(node.inputs[1], np.zeros(0))) for node in nodes]
    if targets != [[0, -1, size] for size in sizes]:
        return None
    name = graph.fresh("target")
    graph.constants[name] = np.array([0, -1, sum(sizes)], np.int64)
    return Node("Reshape", [split.inputs[0], name], [graph.fresh("merged")]), 2


def _joined(graph: Graph, nodes: list[Node]) -> list[str]:
    """Names of the weights and biases of all nodes in one."""
    names = []
    for number, stem in ((1, "weight"), (2, "bias")):
        parts: list[Array] = [graph.constant(node.inputs[number]) for node in nodes]
        names.append(graph.fresh(stem))
        graph.constants[names[-1]] = np.concatenate(parts)
    return names


def _split(graph: Graph, taken: str, sizes: list[int], axis: int, outputs: list[str]) -> Node:
    if graph.opset < SPLIT_BY_INPUT:
        return Node("Split", [taken], outputs, {"axis": axis, "split": sizes})
    name = graph.fresh("sizes")
    graph.constants[name] = np.array(sizes, np.int64)
    return Node("Split", [taken, name], outputs, {"axis": axis})


def _substitute(graph: Graph, old: list[Node], new: list[Node]) -> None:
    graph.nodes = [node for node in graph.nodes if not any(node is gone for gone in old)] + new


def _geometry(node: Node) -> str:
    return repr([node.attributes.get(name) for name in _GEOMETRY])
