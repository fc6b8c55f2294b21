"""Who is enrolled, by what, and who is left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.unit.matching.crowd import LIKENESS, Crowd, calibration

from stashai.errors import ModelError
from stashai.matching import gallery as module
from stashai.matching.gallery import Gallery, person_cohorts, split_outliers


def test_a_stranger_among_the_references_is_left_out() -> None:
    crowd = Crowd(10)
    references = crowd.references(10, each=3)
    wrong = replace(crowd.reference(4, of=7), crop="somebody else's")
    built = Gallery.build(crowd.people(), [*references, wrong], ["one", "two"], calibration())
    assert [odd.crop for odd in built.outliers] == ["somebody else's"]
    assert len(built.references[4]) == 3


def test_what_was_confirmed_is_never_an_outlier() -> None:
    crowd = Crowd(10)
    wrong = replace(crowd.reference(4, of=7), confirmed=True)
    built = Gallery.build(crowd.people(), [*crowd.references(10, each=3), wrong], ["one", "two"], calibration())
    assert not built.outliers


def test_of_two_references_none_can_be_called_the_odd_one() -> None:
    crowd = Crowd(2)
    pair = [crowd.reference(0), crowd.reference(0, of=1)]
    assert split_outliers(pair, "one", LIKENESS) == (pair, [])


def test_only_people_with_a_usable_reference_are_enrolled() -> None:
    crowd = Crowd(4)
    references = crowd.references(4)
    references[1].usable = False
    del references[2].embeddings["one"]
    built = Gallery.build(crowd.people(), references, ["one", "two"], calibration())
    assert [person.id for person in built.people] == [0, 3]


def test_a_model_without_a_calibration_is_refused_as_the_first_and_left_out_as_another() -> None:
    crowd = Crowd(4)
    with pytest.raises(ModelError, match="no calibration"):
        Gallery.build(crowd.people(), crowd.references(4), ["three"], calibration())
    built = Gallery.build(crowd.people(), crowd.references(4), ["one", "three"], calibration())
    assert list(built.models) == ["one"]


def test_the_order_of_rows_changes_nothing() -> None:
    crowd = Crowd(10)
    people, references = crowd.people(), crowd.references(10)
    one = Gallery.build(people, references, ["one"], calibration())
    other = Gallery.build(people[::-1], references[::-1], ["one"], calibration())
    assert [person.id for person in one.people] == [person.id for person in other.people]
    assert np.array_equal(one.banks["one"].vectors, other.banks["one"].vectors)


def test_the_reference_that_is_most_alike() -> None:
    crowd = Crowd(2)
    references = [crowd.reference(0) for _ in range(4)]
    built = Gallery.build(crowd.people(), references, ["one"], calibration())
    best = built.best_reference(0, "one", references[2].embeddings["one"])
    assert best is not None
    assert np.allclose(best.embeddings["one"], references[2].embeddings["one"])


def test_everybodys_cohort_leaves_themselves_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ROWS", 7)  # several blocks
    vectors = np.array([Crowd(1, seed).vectors(0)["one"] for seed in range(40)])
    cohort = np.arange(0, 40, 3)
    means = person_cohorts(vectors, cohort, 0.0)
    for person in (0, 1, 39):
        others = np.sort([vectors[person] @ vectors[other] for other in cohort if other != person])[::-1]
        kept = max(1, round(module_share() * (len(cohort) - 1)))
        assert means[person] == pytest.approx(others[:kept].sum() / (kept + 3.0), abs=1e-5)


def module_share() -> float:
    from stashai.matching.fusion import TOP_SHARE

    return TOP_SHARE


def test_candidates_of_a_large_gallery_score_as_they_do_among_all(monkeypatch: pytest.MonkeyPatch) -> None:
    crowd, fitted = Crowd(300), calibration()
    built = Gallery.build(crowd.people(), crowd.references(300), ["one", "two"], fitted)
    items = np.array([crowd.vectors(person)["one"] for person in range(20)])
    monkeypatch.setattr(module, "EXACT_UP_TO", 100)
    chosen = built.candidates({"one": items})
    assert chosen is not None
    assert set(range(20)) <= set(chosen.tolist())
    some, everybody = built.banks["one"].scores(items, chosen), built.banks["one"].scores(items)
    assert some.cosine == pytest.approx(everybody.cosine[:, chosen], abs=1e-5)
    assert some.item_cohort == pytest.approx(everybody.item_cohort[:, chosen], abs=1e-5)
    assert some.person_cohort == pytest.approx(everybody.person_cohort[chosen], abs=1e-5)


def test_a_candidate_scores_as_among_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "COHORT", 10)  # most candidates are none of it
    crowd = Crowd(30)
    bank = Gallery.build(crowd.people(), crowd.references(), ["one"], calibration()).banks["one"]
    items = np.array([crowd.face(person).embeddings["one"] for person in range(30)], np.float32)
    few = np.array([3, 4, 7, 20])
    among_all, alone = bank.scores(items), bank.scores(items, few)
    assert np.allclose(alone.cosine, among_all.cosine[:, few])
    assert np.allclose(alone.item_cohort, among_all.item_cohort[:, few])
    assert np.allclose(alone.person_cohort, among_all.person_cohort[few])
