"""LFW's protocol on scores whose figures are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stashai.bench.verification import accepted, all_against_all, best_threshold, check, pair_scores, read_pairs, ten_folds
from stashai.errors import UsageError
from stashai.vision.faces import Face, Observation


def seen(*vector: float) -> Observation:
    row = np.array(vector, np.float32)
    return Observation(None, Face((0, 0, 1, 1), np.zeros((5, 2), np.float32), 1.0, 0.0), 1.0, {"one": row / np.linalg.norm(row)})


def test_pairs_lie_beside_their_file(tmp_path: Path) -> None:
    listed = tmp_path / "pairs.tsv"
    listed.write_text("1\ta/1.jpg\ta/2.jpg\n0\ta/1.jpg\tb/1.jpg\n", encoding="utf-8")
    pairs = read_pairs(listed)
    assert [pair.same for pair in pairs] == [True, False]
    assert pairs[1].second == tmp_path / "b" / "1.jpg"


def test_a_line_that_is_no_pair_is_named(tmp_path: Path) -> None:
    listed = tmp_path / "pairs.tsv"
    listed.write_text("1\ta\tb\nyes\ta\tb\n", encoding="utf-8")
    with pytest.raises(UsageError, match="line 2"):
        read_pairs(listed)


def test_separated_scores_are_told_apart_in_every_fold() -> None:
    same = np.arange(200) % 2 == 0
    scores = np.where(same, 0.9, 0.1)
    assert ten_folds(scores, same) == (1.0, 0.0)


def test_a_threshold_is_chosen_on_other_folds_only() -> None:
    """Scores that say nothing: what is best in hindsight for nine folds is worth nothing on the tenth."""
    rng = np.random.default_rng(0)
    same = np.arange(4000) % 2 == 0
    accuracy, _ = ten_folds(rng.random(4000), same)
    assert 0.46 < accuracy < 0.54


def test_the_best_threshold() -> None:
    scores, same = np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True])
    threshold = best_threshold(scores, same)
    assert ((scores >= threshold) == same).sum() == 3


def test_true_accepts_at_a_rate_of_false_ones() -> None:
    different = np.linspace(0, 1, 1001)
    assert accepted(np.array([0.95, 0.985, 0.9995]), different, 0.01) == pytest.approx(1 / 3)


def test_a_photograph_without_a_face_is_like_nobody(tmp_path: Path) -> None:
    listed = tmp_path / "pairs.tsv"
    listed.write_text("1\ta\tb\n1\ta\tc\n", encoding="utf-8")
    faces = {tmp_path / "a": seen(1, 0), tmp_path / "b": seen(1, 1)}
    scores = pair_scores(read_pairs(listed), faces, {"one": 2.0})
    assert scores == pytest.approx([2 / np.sqrt(2), -2.0])


def test_all_against_all_goes_by_folders() -> None:
    paths = [Path("x/1"), Path("x/2"), Path("y/1"), Path("y/2")]
    faces = dict(zip(paths, [seen(1, 0.1), seen(1, 0), seen(0, 1), seen(0.1, 1)], strict=True))
    assert all_against_all(paths, faces, {"one": 1.0}) == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("lines", ["", "1\ta\tb\n", "1\ta\ta\n0\ta\tnone\n"])
def test_pairs_that_tell_nothing_are_refused(tmp_path: Path, lines: str) -> None:
    (tmp_path / "a").touch()
    listed = tmp_path / "pairs.tsv"
    listed.write_text(lines, encoding="utf-8")
    with pytest.raises(UsageError):
        check(read_pairs(listed), listed)


def test_a_handful_of_pairs_is_enough() -> None:
    assert ten_folds(np.array([0.9, 0.1, 0.8, 0.2]), np.array([True, False, True, False])) == (1.0, 0.0)
    assert np.isnan(accepted(np.array([0.9]), np.array([]), 0.001))
