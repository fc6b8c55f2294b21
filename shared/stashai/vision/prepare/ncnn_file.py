"""ncnn's two files: `.param`, a text with one layer a line, and `.bin`, the weights of those layers one after the other.

Format: https://github.com/Tencent/ncnn/wiki/param-and-model-file-structure
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from .graph import Array

MAGIC = 7767517
_PLAIN_FLOATS = np.uint32(0)
"""The tag in front of weights that ncnn would otherwise take for quantised ones."""


@dataclass(slots=True)
class Layer:
    """One layer: parameters by ncnn's numbers (a list becomes an array parameter), its weights, and whether the first of
    them carries a tag that tells how it is stored."""

    kind: str
    inputs: list[str]
    outputs: list[str]
    parameters: Mapping[int, int | float | Sequence[int]] = field(default_factory=dict)
    weights: list[Array] = field(default_factory=list)
    tagged: bool = False


def write_ncnn(layers: Sequence[Layer], outputs: Sequence[str], param: Path) -> None:
    """Write `param` and the `.bin` file beside it. A blob may be taken once only in ncnn, so that Split layers come in
    where one is taken more often; what `outputs` names keeps its name."""
    split = list(_with_splits(layers, set(outputs)))
    blobs = sum(len(layer.outputs) for layer in split)
    lines = [str(MAGIC), f"{len(split)} {blobs}", *(_line(layer, number) for number, layer in enumerate(split))]
    param.write_text("\n".join(lines) + "\n", encoding="ascii", newline="\n")
    with param.with_suffix(".bin").open("wb") as file:
        for layer in split:
            for number, array in enumerate(layer.weights):
                if layer.tagged and number == 0:
                    file.write(_PLAIN_FLOATS.tobytes())
                file.write(np.ascontiguousarray(array, "<f4").tobytes())


def _with_splits(layers: Sequence[Layer], outputs: set[str]) -> Iterator[Layer]:
    uses = Counter(name for layer in layers for name in layer.inputs)
    uses.update(outputs)
    copies: dict[str, Iterator[str]] = {}
    for layer in layers:
        inputs = [next(copies[name]) if name in copies else name for name in layer.inputs]
        shared = [name for name in layer.outputs if uses[name] > 1]
        given = [f"{name}_0" if name in shared else name for name in layer.outputs]
        yield Layer(layer.kind, inputs, given, layer.parameters, layer.weights, layer.tagged)
        for name in shared:
            names = ([name] if name in outputs else []) + [f"{name}_{i}" for i in range(1, uses[name] + (name not in outputs))]
            copies[name] = iter([copy for copy in names if copy != name])
            yield Layer("Split", [f"{name}_0"], names)


def _line(layer: Layer, number: int) -> str:
    parameters = [_parameter(key, value) for key, value in layer.parameters.items()]
    counts = [f"{len(layer.inputs)}", f"{len(layer.outputs)}"]
    return " ".join([layer.kind, f"layer{number}", *counts, *layer.inputs, *layer.outputs, *parameters])


def _parameter(key: int, value: int | float | Sequence[int]) -> str:
    if isinstance(value, Sequence):
        return f"{-23300 - key}={','.join(map(str, [len(value), *value]))}"
    return f"{key}={value:.9e}" if isinstance(value, float) else f"{key}={value}"
