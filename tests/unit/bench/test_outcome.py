"""What is measured reaches programs whole, whatever numbers it was measured in."""

from __future__ import annotations

import json

import numpy as np

from stashai.bench.outcome import Outcome, at_least, at_most
from stashai.bench.run import described


def test_numbers_of_every_kind_become_json() -> None:
    lines = [at_most("p99", np.float64(3.5), 4.0, "{:.2f}"), at_least("rate", float("nan"), 0.5)]
    data = {"p50": np.float32(1.5), "rates": {1: np.float64("nan")}, "counts": [np.int64(3)], "met": np.bool_(True)}
    found = json.loads(json.dumps(described(Outcome("search", "command", lines, data)), allow_nan=False))
    assert [line["met"] for line in found["lines"]] == [True, False]
    assert (found["p50"], found["rates"], found["counts"], found["met"]) == (1.5, {"1": None}, [3], True)
