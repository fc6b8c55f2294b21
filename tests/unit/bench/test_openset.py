"""The open-set protocol on made-up people: what is counted as found, as a stranger named, as not found."""

from __future__ import annotations

from pathlib import Path

from tests.unit.matching.crowd import Crowd, calibration

from stashai.bench.curves import named_rates
from stashai.bench.openset import answers
from stashai.bench.photos import Observed, Subject


def photographed(crowd: Crowd, people: range, each: int, folder: str) -> tuple[list[Subject], Observed]:
    subjects = [Subject(str(person), tuple(Path(folder, str(person), f"{n}.jpg") for n in range(each))) for person in people]
    seen = {path: crowd.face(int(one.name), models=("one", "two")) for one in subjects for path in one.photographs}
    return subjects, seen


def test_everybody_is_found_and_no_stranger_named() -> None:
    crowd = Crowd(60)
    known, faces = photographed(crowd, range(40), 3, "known")
    strangers, others = photographed(crowd, range(40, 60), 1, "strangers")
    fitted = calibration()
    told = answers(known, strangers, faces | others, fitted)
    rates = named_rates(told.probability, told.right, told.known, fitted.threshold)
    assert (len(told.probability), int(told.known.sum())) == (100, 80)
    assert (rates.found, rates.strangers, rates.right) == (1.0, 0.0, 1.0)


def test_a_photograph_without_a_face_is_not_found_and_a_person_without_a_reference_neither() -> None:
    crowd = Crowd(30)
    known, faces = photographed(crowd, range(30), 2, "known")
    del faces[known[3].photographs[1]]
    del faces[known[4].photographs[0]]
    told = answers(known, [], faces, calibration())
    assert told.known.all()
    assert [row for row, right in enumerate(told.right) if not right] == [3, 4]


def test_probes_may_be_seen_otherwise_than_the_references() -> None:
    crowd = Crowd(10)
    known, faces = photographed(crowd, range(10), 2, "known")
    shuffled = {path: faces[known[(number + 1) % 10].photographs[1]] for number, one in enumerate(known) for path in one.photographs}
    assert not answers(known, [], faces, calibration(), probes=shuffled).right.any()
