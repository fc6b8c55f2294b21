"""Which of many vectors are near a query: exact for as many as a matrix product can bear, an HNSW graph beyond that.

A graph only finds candidates: scores always come from the float32 rows, so that an answer does not depend on the index.
"""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ..replacing import moved_into_place

Rows = NDArray[np.float32]
"""(N, D) float32, each row of unit length."""
Hits = tuple[NDArray[np.int64], NDArray[np.float32]]
"""Row numbers and cosines, both (Q, K), the best first."""

EXACT_UP_TO = 20_000
"""Rows up to which exact search is as quick as any graph (and always right)."""
BREADTH, LEAST_BREADTH = 27_648, 64
"""HNSW's ef (how many candidates a search keeps) times the vectors' length, and its least value. Among 100,000 clustered people
(`bench search`) 128 numbers reach recall .990 to .991 at an ef of 180 and .993 at 216, 512 numbers .997 at 60 and .9999 at 80:
graphs that threads build differ a little."""
TRUNK = 2000
"""Rows of a graph that are added one after the other."""
SPARE = 4
"""How many times more candidates than wanted are scored again from the rows."""


class VectorIndex(Protocol):
    @property
    def rows(self) -> Rows:
        """The vectors themselves: the truth that every score is computed from."""
        ...

    def search(self, queries: Rows, count: int) -> Hits:
        """The `count` (or all, when there are fewer) rows nearest to each of `queries` (Q, D)."""
        ...


class ExactIndex:
    """Every row is compared."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    @property
    def rows(self) -> Rows:
        return self._rows

    def search(self, queries: Rows, count: int) -> Hits:
        scores = queries @ self._rows.T
        return _best(np.broadcast_to(np.arange(len(self._rows)), scores.shape), scores, count)


class VoyagerIndex:
    """Candidates out of Voyager's HNSW graph, scores out of the rows."""

    def __init__(self, rows: Rows, graph: Any) -> None:
        self._rows, self._graph = rows, graph

    @classmethod
    def build(cls, rows: Rows, *, storage: Literal["float32", "e4m3"] = "float32", threads: int = -1) -> VoyagerIndex:
        """A new graph of `rows`. "e4m3" takes a quarter of the memory and is half as fast."""
        import voyager

        graph = voyager.Index(
            voyager.Space.Cosine, rows.shape[1], M=_links(rows.shape[1]), ef_construction=200, storage_data_type=_storage(voyager, storage)
        )
        # In order, as long as the graph is so small that rows added at once would not see one another: what is missed there stays.
        graph.add_items(rows[:TRUNK], num_threads=1)
        if len(rows) > TRUNK:
            graph.add_items(rows[TRUNK:], num_threads=threads)
        return cls(rows, graph)

    @classmethod
    def load(cls, path: Path) -> VoyagerIndex:
        """What `save` wrote; the rows stay on the disk until they are touched. Raises OSError or RuntimeError."""
        import voyager

        rows: Rows = np.load(_rows_path(path), mmap_mode="r")
        return cls(rows, voyager.Index.load(str(path)))

    def save(self, path: Path) -> None:
        """Write the graph to `path` and the rows beside it, each moved into place when complete."""
        path.parent.mkdir(parents=True, exist_ok=True)
        moved_into_place(_rows_path(path), lambda partial: save_rows(partial, self._rows))
        moved_into_place(path, lambda partial: self._graph.save(str(partial)))

    @property
    def rows(self) -> Rows:
        return self._rows

    def search(self, queries: Rows, count: int) -> Hits:
        wanted = min(count, len(self._rows))
        spare = min(max(SPARE * wanted, 50), len(self._rows))
        found, _ = self._graph.query(queries, k=spare, query_ef=max(BREADTH // queries.shape[1], LEAST_BREADTH, spare), num_threads=1)
        ids = np.asarray(found, np.int64).reshape(len(queries), spare)
        scores = np.einsum("qkd,qd->qk", np.asarray(self._rows[ids]), queries)
        return _best(ids, scores, wanted)


def open_index(rows: Rows, *, folder: Path | None = None, key: str = "", exact_up_to: int = EXACT_UP_TO) -> VectorIndex:
    """The index that suits `rows`: exact up to `exact_up_to` or where Voyager is not installed.

    With `folder`, a graph is kept there under `key` and the rows' own hash: a start with unchanged rows loads it, changed
    rows make a new one and the older ones of `key` are removed. The rows are the truth: a file that cannot be read is made again.
    """
    if len(rows) <= exact_up_to or find_spec("voyager") is None:
        return ExactIndex(rows)
    if folder is None:
        return VoyagerIndex.build(rows)
    path = folder / f"{key}-{_digest(rows)}.voyager"
    try:
        return VoyagerIndex.load(path)
    except (OSError, RuntimeError, ValueError):
        return _rebuild(rows, path, key)


def _rebuild(rows: Rows, path: Path, key: str) -> VoyagerIndex:
    index = VoyagerIndex.build(rows)
    index.save(path)
    for old in path.parent.glob(f"{key}-*.voyager*"):
        if not old.name.startswith(path.name):
            old.unlink(missing_ok=True)
    return index


def _best(ids: NDArray[np.int64], scores: NDArray[np.float32], count: int) -> Hits:
    count = min(count, scores.shape[1])
    if count < scores.shape[1]:
        part = np.argpartition(-scores, count - 1, axis=1)[:, :count]
        ids, scores = np.take_along_axis(ids, part, 1), np.take_along_axis(scores, part, 1)
    order = np.argsort(-scores, axis=1, kind="stable")
    return np.take_along_axis(ids, order, 1).astype(np.int64), np.take_along_axis(scores, order, 1)


def _links(dimension: int) -> int:
    """HNSW's M, likewise: more links for short vectors. With 12, whole clusters of long ones were out of reach."""
    return 24 if dimension <= 256 else 20


def _digest(rows: Rows) -> str:
    return hashlib.blake2b(np.ascontiguousarray(rows).data, digest_size=10).hexdigest()


def _storage(voyager: Any, name: str) -> Any:
    return {"float32": voyager.StorageDataType.Float32, "e4m3": voyager.StorageDataType.E4M3}[name]


def _rows_path(path: Path) -> Path:
    return path.with_name(path.name + ".npy")


def save_rows(path: Path, rows: Rows) -> None:
    with path.open("wb") as file:
        np.save(file, rows)
