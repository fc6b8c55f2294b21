"""How quick and how complete the search among very many people is, both models together."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

import numpy as np

from ..matching.index import ExactIndex, Rows, VectorIndex, VoyagerIndex
from ..settings import Settings
from .outcome import Line, Outcome, at_least, at_most

DIMENSIONS: Mapping[str, int] = {"128 numbers": 128, "512 numbers": 512}
P99, RECALL, LOAD = 0.004, 0.99, 1.0
NEIGHBOURS = 10


def measure(settings: Settings, people: int = 100_000, queries: int = 1000) -> Outcome:
    """Vectors made like faces: kinds of people, people of a kind, photographs of a person."""
    rng = np.random.default_rng(1)
    graphs = find_spec("voyager") is not None
    sets = {name: clustered(people, queries, size, rng) for name, size in DIMENSIONS.items()}
    with tempfile.TemporaryDirectory() as folder:
        indexes, built, loaded = _indexes(sets, Path(folder), graphs)
        times = _timed(indexes, {name: asked for name, (_, asked) in sets.items()})
        recall = {name: _recall(indexes[name], *sets[name]) for name in sets}
        del indexes
    p50, p99 = np.percentile(times, [50, 99])
    kind = "Voyager" if graphs else "exact"
    asked = f"one query, both models, p99 ({kind})"
    lines = [
        at_most(asked, p99 * 1000, P99 * 1000, "{:.2f} ms") if graphs else Line(asked, f"{p99 * 1000:.2f} ms"),
        Line("one query, both models, median", f"{p50 * 1000:.2f} ms"),
        at_least(f"recall@{NEIGHBOURS} after scoring again", min(recall.values()), RECALL, "{:.4f}"),
        at_most("load, both models", loaded, LOAD, "{:.2f} s"),
        Line("build, both models", f"{built:.0f} s"),
    ]
    data = {"people": people, "queries": queries, "p50_ms": p50 * 1000, "p99_ms": p99 * 1000}
    data |= {"recall": recall, "load_s": loaded, "build_s": built}
    return Outcome("search", f"./stashai bench search --people {people}", lines, data, f"{people} people, {queries} queries, {kind} search")


def clustered(people: int, queries: int, size: int, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """(templates (people, size), queries (queries, size)): a query is another photograph of somebody (cosine about 0.65)."""
    kinds = _unit(rng.standard_normal((max(people // 100, 1), size)))
    rows = _unit(0.7 * kinds[rng.integers(0, len(kinds), people)] + 0.71 * _unit(rng.standard_normal((people, size))))
    asked = rows[rng.integers(0, people, queries)]
    return rows.astype(np.float32), _unit(0.65 * asked + 0.76 * _unit(rng.standard_normal((queries, size)))).astype(np.float32)


def _unit(rows: Rows | np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> Rows:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def _indexes(sets: Mapping[str, tuple[Rows, Rows]], folder: Path, graphs: bool) -> tuple[dict[str, VectorIndex], float, float]:
    if not graphs:
        return {name: ExactIndex(rows) for name, (rows, _) in sets.items()}, 0.0, 0.0
    start = perf_counter()
    for name, (rows, _) in sets.items():
        VoyagerIndex.build(rows).save(folder / name)
    built, start = perf_counter() - start, perf_counter()
    indexes: dict[str, VectorIndex] = {name: VoyagerIndex.load(folder / name) for name in sets}
    return indexes, built, perf_counter() - start


def _timed(indexes: Mapping[str, VectorIndex], asked: Mapping[str, Rows]) -> list[float]:
    """Seconds of each query, after a hundred that are not counted."""
    times = []
    count = min(len(rows) for rows in asked.values())
    for number in [*range(min(100, count)), *range(count)]:
        start = perf_counter()
        for name, index in indexes.items():
            index.search(asked[name][number : number + 1], NEIGHBOURS)
        times.append(perf_counter() - start)
    return times[-count:]


def _recall(index: VectorIndex, rows: Rows, asked: Rows) -> float:
    """The share of the exact NEIGHBOURS that are found."""
    found, _ = index.search(asked, NEIGHBOURS)
    truth, _ = ExactIndex(rows).search(asked, NEIGHBOURS)
    return float(np.mean([len(set(one) & set(other)) / NEIGHBOURS for one, other in zip(found, truth, strict=True)]))
