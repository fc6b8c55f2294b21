"""A gallery out of what was kept is the one out of all rows, and reads those who changed alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.unit.matching.crowd import Crowd, calibration

from stashai.matching import gallery, templates
from stashai.matching.fusion import Matrix
from stashai.matching.gallery import Gallery
from stashai.matching.index import ExactIndex
from stashai.matching.keeping import kept_gallery
from stashai.processing.stores import Person, Reference
from stashai.processors.recognition import Recognition
from stashai.processors.stash_recognition import SteppedRecognition

FITTED, MODELS = calibration(), ["one", "two"]


class Rows:
    """A Stash's people and what they are known by; `asked` are the ids of those who were read."""

    def __init__(self, count: int) -> None:
        self.crowd = Crowd(count + 10)
        self.people = [replace(person, stamp=1) for person in self.crowd.people(count)]
        self.references = self.crowd.references(count, each=3)
        self.asked: list[int] = []

    def read(self, people: Sequence[Person]) -> list[Reference]:
        ids = {person.id for person in people}
        self.asked += sorted(ids)
        return [reference for reference in self.references if reference.person_id in ids]

    def change(self, person: int, references: Sequence[Reference]) -> None:
        self.people = [replace(one, stamp=one.stamp + 1) if one.id == person else one for one in self.people]
        self.references = [one for one in self.references if one.person_id != person] + list(references)

    def gallery(self, folder: Path, models: Sequence[str] = MODELS) -> Gallery:
        self.asked.clear()
        return kept_gallery(self.people, self.read, models, FITTED, folder, "a Stash")

    def anew(self, models: Sequence[str] = MODELS) -> Gallery:
        return Gallery.build(self.people, self.references, models, FITTED)


@pytest.fixture(autouse=True)
def few_are_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templates, "WORTH_KEEPING", 5)
    monkeypatch.setattr(templates, "CHANGES", 1)


def same(kept: Gallery, anew: Gallery) -> None:
    assert [person.id for person in kept.people] == [person.id for person in anew.people]
    assert kept.models == anew.models
    assert np.array_equal(kept.support.looks, anew.support.looks)
    assert np.array_equal(kept.support.quality, anew.support.quality)
    for model, bank in anew.banks.items():
        assert np.array_equal(kept.banks[model].vectors, bank.vectors)
        assert np.array_equal(kept.banks[model].present, bank.present)
        assert np.array_equal(kept.banks[model].person_cohort, bank.person_cohort)


def test_the_second_time_nobody_is_read(tmp_path: Path) -> None:
    rows = Rows(20)
    same(rows.gallery(tmp_path), rows.anew())
    assert rows.asked == list(range(20))
    again = rows.gallery(tmp_path)
    same(again, rows.anew())
    assert rows.asked == []
    vector = rows.anew().references[3][0].embeddings["one"]
    best, usual = (gallery.best_reference(3, "one", vector) for gallery in (again, rows.anew()))
    assert (best and best.crop) == (usual and usual.crop) == "reference-3"
    assert rows.asked == [3]


def test_a_short_run_builds_no_search_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[int] = []

    def graph(vectors: Matrix, **options: object) -> ExactIndex:
        built.append(len(vectors))
        return ExactIndex(vectors)

    monkeypatch.setattr(gallery, "open_index", graph)
    rows, asked = Rows(20), Crowd(1).vectors(0)["one"][None, :]
    short, long = (kept_gallery(rows.people, rows.read, MODELS, FITTED, tmp_path, "a Stash", graphs=graphs) for graphs in (False, True))
    assert built == [20, 20]  # both models of the long one
    assert np.array_equal(short.banks["one"].index.search(asked, 5)[0], long.banks["one"].index.search(asked, 5)[0])
    assert (SteppedRecognition.graphs, Recognition.graphs) == (False, True)


def test_who_changed_came_and_went(tmp_path: Path) -> None:
    rows = Rows(20)
    rows.gallery(tmp_path)
    rows.change(4, [rows.crowd.reference(4, of=25)])
    rows.change(7, [])
    rows.people = [one for one in rows.people if one.id != 11] + [Person(24, "New", "stash", "24", 9)]
    rows.references.append(rows.crowd.reference(24))
    same(rows.gallery(tmp_path), rows.anew())
    assert rows.asked == [4, 7, 24]
    same(rows.gallery(tmp_path), rows.anew())
    assert rows.asked == []


def test_another_model_is_read_when_it_joins(tmp_path: Path) -> None:
    rows = Rows(20)
    rows.references = [replace(one, embeddings={"one": one.embeddings["one"]}) if one.person_id == 2 else one for one in rows.references]
    same(rows.gallery(tmp_path, ["one"]), rows.anew(["one"]))
    same(rows.gallery(tmp_path), rows.anew())
    assert rows.asked == list(range(20))
    same(rows.gallery(tmp_path, ["one"]), rows.anew(["one"]))
    assert rows.asked == []


def test_somebody_who_comes_again_under_an_old_id_is_not_taken_for_who_had_it(tmp_path: Path) -> None:
    rows = Rows(20)
    rows.gallery(tmp_path)
    rows.people[19] = replace(rows.people[19], name="Another", stamp=77)
    rows.references = [*rows.references[:57], rows.crowd.reference(19, of=27)]
    same(rows.gallery(tmp_path), rows.anew())


def test_a_face_does_not_stay_when_somebody_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = Rows(20)
    rows.gallery(tmp_path)
    monkeypatch.setattr(templates, "CHANGES", 1000)
    gone = rows.anew().banks["one"].vectors[6].tobytes()
    assert any(gone in file.read_bytes() for file in tmp_path.iterdir())
    rows.people = [one for one in rows.people if one.id != 6]
    same(rows.gallery(tmp_path), rows.anew())
    assert not any(gone in file.read_bytes() for file in tmp_path.iterdir())


def test_few_people_are_not_kept(tmp_path: Path) -> None:
    same(Rows(4).gallery(tmp_path / "graphs"), Rows(4).anew())
    assert not (tmp_path / "graphs").exists()


@pytest.mark.parametrize("content", [b"", b"rubbish", b"\x93NUMPY\x01\x00v\x00{"])
def test_a_file_that_cannot_be_read_is_made_again(tmp_path: Path, content: bytes) -> None:
    rows = Rows(20)
    rows.gallery(tmp_path)
    for file in tmp_path.iterdir():
        file.write_bytes(content)
    same(rows.gallery(tmp_path), rows.anew())
    assert rows.asked == list(range(20))


def test_a_folder_that_cannot_be_written_to_costs_time_only(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    rows = Rows(20)
    same(rows.gallery(tmp_path / "file" / "graphs"), rows.anew())


def test_nobody(tmp_path: Path) -> None:
    rows = Rows(20)
    rows.gallery(tmp_path)
    rows.people = []
    assert len(rows.gallery(tmp_path)) == 0


def test_who_was_deleted_meanwhile_has_no_reference_to_show(tmp_path: Path) -> None:
    rows = Rows(20)
    rows.gallery(tmp_path)
    kept = rows.gallery(tmp_path)
    rows.references = []
    assert kept.best_reference(3, "one", kept.banks["one"].vectors[3]) is None
