"""The search benchmark on few people: what it measures, not how quick it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stashai.bench.search import clustered, measure
from stashai.settings import Settings


def test_queries_are_other_photographs_of_somebody() -> None:
    rows, asked = clustered(2000, 50, 128, np.random.default_rng(0))
    best = (asked @ rows.T).max(axis=1)
    assert rows.shape == (2000, 128)
    assert np.allclose(np.linalg.norm(asked, axis=1), 1.0, atol=1e-5)
    assert 0.5 < best.mean() < 0.8


def test_graphs_find_what_exact_search_finds(tmp_path: Path) -> None:
    pytest.importorskip("voyager", reason="there is no wheel of it for this platform")
    outcome = measure(Settings(data=tmp_path, models=tmp_path, cores=1), people=1500, queries=30)
    assert min(outcome.data["recall"].values()) > 0.99
    assert not list(tmp_path.iterdir())
