"""What a part of the benchmark found: lines to read side by side, numbers for programs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Line:
    """One figure beside what it must reach. `met` is None where there is no bar."""

    what: str
    measured: str
    bar: str = ""
    met: bool | None = None

    @property
    def mark(self) -> str:
        return "" if self.met is None else "yes" if self.met else "NO"


@dataclass(frozen=True, slots=True)
class Outcome:
    """`command` repeats it; `data` is what `--json` prints; `note` says under which conditions it was measured."""

    part: str
    command: str
    lines: Sequence[Line]
    data: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""


def at_least(what: str, value: float, bar: float, form: str = "{:.1%}") -> Line:
    """A figure that must not be lower than `bar`."""
    return Line(what, form.format(value), "≥ " + form.format(bar), bool(value >= bar))


def at_most(what: str, value: float, bar: float, form: str = "{:.1%}") -> Line:
    """A figure that must not be higher than `bar`."""
    return Line(what, form.format(value), "≤ " + form.format(bar), bool(value <= bar))


def plain(value: object) -> object:
    """`value` as JSON can hold it: numpy's numbers as Python's, None for what is none (a rate of nothing)."""
    if isinstance(value, Mapping):
        return {str(key): plain(held) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [plain(held) for held in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    return None if isinstance(value, float) and not math.isfinite(value) else value
