"""Networks beyond the fitted ones: asked by `thorough`, by the mean of pairs, or in the place of the fitted second one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.unit.matching.crowd import SIZES, Crowd, calibration
from tests.unit.vision_faces.painted import entry

from stashai.errors import ModelError
from stashai.matching.calibration import Calibration
from stashai.matching.gallery import Gallery
from stashai.matching.recognizer import ItemDecision, Recognizer
from stashai.matching.unfitted import completed, unfitted
from stashai.vision.catalog import ModelEntry
from stashai.vision.faces import Observation
from stashai.vision.profile import Profile

THIRD = "three"


def entries(**calibration: float) -> list[ModelEntry]:
    kinds = {"one": "arcface", "two": "facenet", THIRD: "facenet"}
    made = [replace(entry("embedder", id=model), id=model, family=family) for model, family in kinds.items()]
    return [*made[:2], replace(made[2], calibration=calibration)]


def line(fitted: Calibration, models: tuple[str, ...], cosines: dict[str, float]) -> float:
    known = fitted.configuration(models)
    return known.bias + sum(known.weights[f"{model}.cosine"] * cosine for model, cosine in cosines.items())


def test_what_is_fitted_stays_as_it_is() -> None:
    fitted = calibration()
    assert completed(fitted, entries()[:2]) is fitted
    assert completed(fitted, entries()).configurations[:3] == fitted.configurations
    assert unfitted(fitted, ["one", "two", THIRD]) == [THIRD]


def test_a_strange_network_stands_in_for_the_second_on_its_scale() -> None:
    fitted = calibration()
    whole = completed(fitted, entries(likeness=0.4, cohort=0.05))
    likeness, cohort = fitted.models["two"].likeness, fitted.models["two"].cohort
    for own, its in ((likeness, 0.4), (cohort, 0.05), ((likeness + cohort) / 2, 0.225)):
        second = line(fitted, ("one", "two"), {"one": 0.3, "two": own})
        assert line(whole, ("one", THIRD), {"one": 0.3, THIRD: its}) == pytest.approx(second)
    assert completed(fitted, entries()).models[THIRD].likeness == likeness


def test_three_are_the_mean_of_the_pairs_unless_they_were_fitted() -> None:
    whole = completed(calibration(), entries())
    cosines = {"one": 0.5, "two": 0.6, THIRD: 0.2}
    pairs = [line(whole, ("one", other), {"one": 0.5, other: cosines[other]}) for other in ("two", THIRD)]
    assert line(whole, ("one", "two", THIRD), cosines) == pytest.approx(sum(pairs) / 2)
    own = replace(whole.configuration(("one", "two", THIRD)), bias=-9.0)
    assert replace(whole, configurations=[*whole.configurations, own]).configuration(own.models) is own


def test_without_a_fitted_pair_nothing_is_assumed() -> None:
    alone = replace(calibration(), configurations=calibration().configurations[:2])
    assert completed(alone, entries()) is alone
    with pytest.raises(ModelError):
        alone.configuration(("one", "two", THIRD))


def faces(crowd: Crowd) -> list[Observation]:
    """Two vague faces, seen by three models: the third is a copy of the second."""
    seen = [crowd.face(person, x=100.0 * person, spread=1.1, models=tuple(SIZES)) for person in (3, 4)]
    return [replace(face, embeddings={**face.embeddings, THIRD: face.embeddings["two"]}) for face in seen]


def asked(crowd: Crowd, seen: list[Observation], models: list[str], profile: Profile, without: int | None = None) -> ItemDecision:
    whole = completed(calibration(), entries())
    references = [replace(one, embeddings={**one.embeddings, THIRD: one.embeddings["two"]}) for one in crowd.references(50)]
    if without is not None:
        references[without] = replace(references[without], embeddings={"one": references[without].embeddings["one"]})
    return Recognizer(Gallery.build(crowd.people(50), references, models, whole), whole, profile).decide(seen, threshold=2.0)


def shares(decision: ItemDecision) -> list[list[float]]:
    return [[candidate.probability for candidate in stranger.candidates] for stranger in decision.unknown]


def test_thorough_takes_all_balanced_the_first_two() -> None:
    seen, models = faces(Crowd(60)), ["one", "two", THIRD]
    every = asked(Crowd(60), seen, models, Profile.THOROUGH)
    # a copy of the second that stands in for it says the same, so the mean of both pairs is the pair
    assert shares(every) == [pytest.approx(each) for each in shares(asked(Crowd(60), seen, models[:2], Profile.THOROUGH))]
    other = [replace(face, embeddings={**face.embeddings, THIRD: -face.embeddings[THIRD]}) for face in seen]
    assert not np.allclose(shares(asked(Crowd(60), other, models, Profile.THOROUGH))[0], shares(every)[0])
    balanced = asked(Crowd(60), seen, models, Profile.BALANCED)
    assert shares(balanced) == shares(asked(Crowd(60), other, models, Profile.BALANCED))


def test_a_model_that_has_not_seen_a_face_or_a_person_is_left_out_there() -> None:
    seen, models = faces(Crowd(60)), ["one", "two", THIRD]
    half = [seen[0], replace(seen[1], embeddings={"one": seen[1].embeddings["one"]})]
    decision = asked(Crowd(60), half, models, Profile.THOROUGH, without=3)
    assert [face.face.box[0] for face in decision.undecided] == [400.0]
    assert all(np.isfinite(each).all() for each in shares(decision))
    alone = asked(Crowd(60), half, ["one"], Profile.THOROUGH)
    assert shares(decision)[1] == shares(alone)[1]


