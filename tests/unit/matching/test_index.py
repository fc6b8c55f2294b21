"""Search: exact, by a graph with scores from the rows, kept beside the database."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.unit.matching.crowd import Crowd, unit

from stashai.matching.index import ExactIndex, Rows, VoyagerIndex, open_index


@pytest.fixture(scope="module")
def rows() -> Rows:
    rng = np.random.default_rng(3)
    kinds = rng.standard_normal((20, 32)).astype(np.float32)
    return unit(kinds[rng.integers(0, 20, 1500)] + 2.0 * rng.standard_normal((1500, 32)).astype(np.float32))


def test_exact_search_is_sorted_and_right(rows: Rows) -> None:
    ids, scores = ExactIndex(rows).search(rows[:5], 10)
    assert ids[:, 0].tolist() == [0, 1, 2, 3, 4]
    assert (np.diff(scores, axis=1) <= 0).all()
    assert scores[2, 3] == pytest.approx(rows[2] @ rows[ids[2, 3]], abs=1e-6)


def test_fewer_rows_than_wanted(rows: Rows) -> None:
    ids, _ = ExactIndex(rows[:3]).search(rows[:1], 10)
    assert sorted(ids[0].tolist()) == [0, 1, 2]


@pytest.mark.parametrize("storage", ["float32", "e4m3"])
def test_a_graph_finds_what_exact_search_finds_with_scores_from_the_rows(rows: Rows, storage: str) -> None:
    pytest.importorskip("voyager", reason="there is no wheel of it for this platform")
    index = VoyagerIndex.build(rows, storage=storage)  # type: ignore[arg-type]  # pytest's parameters are plain strings
    ids, scores = index.search(rows[:50], 10)
    truth, _ = ExactIndex(rows).search(rows[:50], 10)
    recall = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(ids.tolist(), truth.tolist(), strict=True)])
    assert recall > 0.99
    assert scores == pytest.approx(np.einsum("qkd,qd->qk", rows[ids], rows[:50]), abs=1e-6)


def test_a_kept_graph_is_loaded_while_the_rows_are_the_same(rows: Rows, tmp_path: Path) -> None:
    pytest.importorskip("voyager", reason="there is no wheel of it for this platform")
    first = open_index(rows, folder=tmp_path, key="one", exact_up_to=10)
    kept = sorted(tmp_path.iterdir())
    stamps = [path.stat().st_mtime_ns for path in kept]
    again = open_index(rows, folder=tmp_path, key="one", exact_up_to=10)
    assert [path.stat().st_mtime_ns for path in sorted(tmp_path.iterdir())] == stamps
    assert np.array_equal(first.search(rows[:3], 5)[0], again.search(rows[:3], 5)[0])
    assert len(kept) == 2


def test_changed_rows_make_a_new_graph_and_a_damaged_one_is_made_again(rows: Rows, tmp_path: Path) -> None:
    pytest.importorskip("voyager", reason="there is no wheel of it for this platform")
    open_index(rows, folder=tmp_path, key="one", exact_up_to=10)
    changed = open_index(rows[:-1], folder=tmp_path, key="one", exact_up_to=10)
    assert len(list(tmp_path.iterdir())) == 2
    next(path for path in tmp_path.iterdir() if path.suffix == ".voyager").write_bytes(b"nonsense")
    repaired = open_index(rows[:-1], folder=tmp_path, key="one", exact_up_to=10)
    # two graphs of the same rows may differ in what they miss, not in what is equal
    assert np.array_equal(repaired.search(rows[:3], 5)[0][:, 0], changed.search(rows[:3], 5)[0][:, 0])


def test_small_galleries_are_searched_exactly() -> None:
    assert isinstance(open_index(np.array([Crowd(1).vectors(0)["one"]])), ExactIndex)
