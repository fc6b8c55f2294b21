"""Whole items: names, strangers, what a person said, what is asked again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.matching.crowd import Crowd, calibration

from stashai.matching.gallery import Gallery
from stashai.matching.recognizer import TWICE, Candidate, ItemDecision, Recognizer
from stashai.vision.profile import Profile

STRANGER = 55


def told(decision: ItemDecision) -> list[Sequence[Candidate]]:
    return [person.candidates for person in decision.people] + [stranger.candidates for stranger in decision.unknown]


def test_names_who_is_enrolled_and_leaves_who_is_not(crowd: Crowd, recognizer: Recognizer) -> None:
    decision = recognizer.decide([crowd.face(3), crowd.face(STRANGER, x=100)])
    assert [person.name for person in decision.people] == ["person 3"]
    assert decision.people[0].probability > 0.99
    assert len(decision.unknown) == 1
    assert decision.unknown[0].candidates[0].probability < 0.1
    assert decision.enrolled == 50


def test_tells_how_like_each_asked_model_finds_the_best_face(crowd: Crowd, recognizer: Recognizer) -> None:
    near, far = crowd.face(3, time=0.0, spread=0.3), crowd.face(3, time=1.0, spread=1.2)
    (both,), (alone,) = (recognizer.decide(faces).people for faces in ([near, far], [near]))
    assert 0.5 < both.similarities["one"] <= 1
    assert both.similarities == alone.similarities, "of the face that is most like the references"
    only = {"one": near.embeddings["one"]}
    assert set(recognizer.decide([replace(near, embeddings=only)]).people[0].similarities) == {"one"}


def test_candidates_are_sorted_and_there_for_every_face(crowd: Crowd, recognizer: Recognizer) -> None:
    decision = recognizer.decide([crowd.face(3), crowd.face(STRANGER, x=100)])
    for candidates in told(decision):
        shares = [candidate.probability for candidate in candidates]
        assert shares
        assert shares == sorted(shares, reverse=True)


def test_one_entry_a_person_over_a_clip(crowd: Crowd, recognizer: Recognizer) -> None:
    faces = [crowd.face(person, time=float(time), x=100.0 * person) for time in range(12) for person in (1, 2, STRANGER)]
    decision = recognizer.decide(faces)
    assert sorted(person.name for person in decision.people) == ["person 1", "person 2"]
    assert [len(person.observations) for person in decision.people] == [12, 12]
    assert [len(stranger.observations) for stranger in decision.unknown] == [12]
    assert decision.settled


def test_nobody_is_two_people_of_one_frame(crowd: Crowd, recognizer: Recognizer) -> None:
    like, liker = crowd.face(3, spread=1.4), crowd.face(3, spread=0.3, x=100)
    decision = recognizer.decide([like, liker], threshold=0.2)
    assert len(decision.people) == 1
    assert decision.people[0].best is liker
    assert decision.unknown[0].candidates[0].name != "person 3" or decision.unknown[0].candidates[0].probability < 0.2


def test_a_mirror_is_believed_and_said(crowd: Crowd, recognizer: Recognizer) -> None:
    face = crowd.face(3, spread=0.3)
    decision = recognizer.decide([face, replace(crowd.face(3, x=200), embeddings=dict(face.embeddings))])
    assert [len(person.observations) for person in decision.people] == [2]
    assert decision.people[0].note == TWICE


def test_a_stranger_in_a_mirror_is_one_stranger(crowd: Crowd, recognizer: Recognizer) -> None:
    shown = [crowd.face(STRANGER, time=float(time), x=10.0) for time in range(4)]
    mirrored = [replace(face, face=replace(face.face, box=(300.0, 10.0, 50.0, 60.0)), id=None) for face in shown]
    other = [crowd.face(STRANGER + 1, time=float(time), x=150.0) for time in range(4)]
    decision = recognizer.decide([*shown, *mirrored, *other])
    assert [len(stranger.observations) for stranger in decision.unknown] == [8, 4]


def test_a_collage_of_different_photographs_is_believed_and_said(crowd: Crowd, recognizer: Recognizer) -> None:
    decision = recognizer.decide([crowd.face(3, x=100.0 * part, spread=0.5) for part in range(3)])
    assert [len(person.observations) for person in decision.people] == [3]
    assert decision.people[0].note == TWICE


def test_weak_faces_are_counted_and_left_out(crowd: Crowd, recognizer: Recognizer) -> None:
    decision = recognizer.decide([crowd.face(3, quality=0.01)])
    assert decision.too_weak == 1
    assert not decision.people
    assert not decision.unknown


def test_nobody_enrolled() -> None:
    fitted = calibration()
    decision = Recognizer(Gallery.build([], [], ["one", "two"], fitted), fitted).decide([Crowd(1).face(0)])
    assert not decision.people
    assert decision.unknown[0].candidates == []
    assert decision.enrolled == 0


def test_what_was_rejected_is_not_proposed_again(crowd: Crowd, recognizer: Recognizer) -> None:
    face = crowd.face(3, number=7)
    decision = recognizer.decide([face], rejected=[(7, 3)])
    assert not decision.people
    assert all(candidate.probability == 0.0 for candidate in decision.unknown[0].candidates if candidate.name == "person 3")


def test_what_was_confirmed_is_certain(crowd: Crowd, recognizer: Recognizer) -> None:
    decision = recognizer.decide([crowd.face(STRANGER, number=7)], confirmed=[(7, 4)])
    assert [(person.name, person.probability) for person in decision.people] == [("person 4", 1.0)]


def test_what_was_said_of_different_people_keeps_them_apart(crowd: Crowd, recognizer: Recognizer) -> None:
    faces = [crowd.face(3, time=float(time), number=time) for time in range(4)]
    decision = recognizer.decide(faces, confirmed=[(0, 3), (1, 5)])
    assert sorted(person.name for person in decision.people) == ["person 3", "person 5"]


def test_the_second_model_counts_only_where_the_first_is_undecided(crowd: Crowd, recognizer: Recognizer) -> None:
    clear, vague = crowd.face(3, spread=0.2, models=("one", "two")), crowd.face(4, spread=1.15, x=100, models=("one", "two"))
    alone = [replace(face, embeddings={"one": face.embeddings["one"]}) for face in (clear, vague)]
    before, after = recognizer.decide(alone), recognizer.decide([clear, vague])
    assert [face.face.box[0] for face in before.undecided] == [100.0]
    assert not after.undecided
    then = {candidates[0].person_id: candidates[0].probability for candidates in told(before)}
    now = {candidates[0].person_id: candidates[0].probability for candidates in told(after)}
    assert abs(then[3] - now[3]) < 1e-12
    assert then[4] != now[4]


def test_fast_asks_nobody_and_thorough_everybody(crowd: Crowd) -> None:
    fitted = calibration()
    gallery = Gallery.build(crowd.people(50), crowd.references(50), ["one", "two"], fitted)
    faces = [crowd.face(3, spread=0.2), crowd.face(STRANGER, x=100)]
    assert not Recognizer(gallery, fitted, Profile.FAST).decide(faces).undecided
    assert len(Recognizer(gallery, fitted, Profile.THOROUGH).decide(faces).undecided) == 2


def test_references_without_the_second_model_are_still_found(crowd: Crowd) -> None:
    fitted = calibration()
    references = crowd.references(50)
    del references[3].embeddings["two"]
    recognizer = Recognizer(Gallery.build(crowd.people(50), references, ["one", "two"], fitted), fitted, Profile.THOROUGH)
    decision = recognizer.decide([crowd.face(3, models=("one", "two"))])
    assert [person.name for person in decision.people] == ["person 3"]


def test_a_stranger_of_many_shots_is_one_stranger(crowd: Crowd, recognizer: Recognizer) -> None:
    faces = [crowd.face(STRANGER, time=10.0 * time, spread=0.5) for time in range(8)]
    assert [len(stranger.observations) for stranger in recognizer.decide(faces).unknown] == [8]


@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_faces_changes_nothing(random: Random) -> None:
    crowd, fitted = Crowd(20), calibration()
    recognizer = Recognizer(Gallery.build(crowd.people(15), crowd.references(15), ["one"], fitted), fitted)
    faces = [crowd.face(person, time=float(time), x=100.0 * person) for time in range(3) for person in (1, 2, 17)]
    first = recognizer.decide(faces)
    random.shuffle(faces)
    second = recognizer.decide(faces)
    assert {p.name: round(p.probability, 6) for p in first.people} == {p.name: round(p.probability, 6) for p in second.people}
    assert sorted(len(s.observations) for s in first.unknown) == sorted(len(s.observations) for s in second.unknown)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.05, 0.95), st.integers(1, 6), st.integers(1, 4))
def test_no_name_twice_in_a_frame_and_every_face_told_once(seed: int, threshold: float, people: int, frames: int) -> None:
    crowd, fitted = Crowd(12, seed), calibration()
    recognizer = Recognizer(Gallery.build(crowd.people(6), crowd.references(6, spread=1.2), ["one"], fitted), fitted)
    faces = [crowd.face((seed + p) % 12, time=float(t), x=60.0 * p, spread=1.5) for t in range(frames) for p in range(people)]
    decision = recognizer.decide(faces, threshold=threshold)
    shown = [face for known in decision.people for face in known.observations]
    shown += [face for stranger in decision.unknown for face in stranger.observations]
    assert sorted(id(face) for face in shown) == sorted(id(face) for face in faces)
    assert len({person.person_id for person in decision.people}) == len(decision.people)
    for person in decision.people:
        assert person.probability >= threshold
        times = [face.time for face in person.observations]
        assert len(times) == len(set(times)) or person.note == TWICE


def test_a_larger_gallery_makes_the_same_face_less_certain() -> None:
    crowd, fitted = Crowd(2000), calibration(cohort=0.0)
    references, face = crowd.references(2000), crowd.face(3, spread=1.0)
    shares = []
    for size in (20, 200, 2000):
        recognizer = Recognizer(Gallery.build(crowd.people(size), references[:size], ["one"], fitted), fitted)
        decision = recognizer.decide([face], threshold=2.0)
        shares.append(next(c.probability for c in decision.unknown[0].candidates if c.person_id == 3))
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] < shares[0]


def test_who_is_seen_at_several_moments_is_likelier_to_be_somebody_known(crowd: Crowd) -> None:
    fitted = calibration()
    gallery = Gallery.build(crowd.people(50), crowd.references(50), ["one"], fitted)
    face = crowd.face(3, spread=1.2)

    def share(lasting: float, moments: int) -> float:
        faces = [replace(face, time=float(moment)) for moment in range(moments)]
        decision = Recognizer(gallery, replace(fitted, lasting=lasting)).decide(faces, threshold=2.0)
        return next(c.probability for c in told(decision)[0] if c.person_id == 3)

    assert share(1.5, 1) == share(0.0, 1)
    assert share(1.5, 2) > share(0.0, 2), "two moments are several"
    assert share(1.5, 4) > share(0.0, 4)


def test_whom_the_second_model_does_not_know_is_judged_by_the_first(crowd: Crowd) -> None:
    fitted = calibration()
    known = [replace(one, embeddings={"one": one.embeddings["one"]}) for one in crowd.references(50)]
    face = crowd.face(3, spread=1.2, models=("one", "two"))

    def shares(models: list[str]) -> list[float]:
        gallery = Gallery.build(crowd.people(50), [*known[:49], crowd.reference(49)], models, fitted)
        decision = Recognizer(gallery, fitted, Profile.THOROUGH).decide([face], threshold=2.0)
        return [c.probability for c in told(decision)[0] if c.person_id == 3]

    assert shares(["one", "two"]) == pytest.approx(shares(["one"]), rel=0.05)
