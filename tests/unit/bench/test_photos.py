"""Labelled photographs: folders as people, the middle face, kept for the next run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.unit.matching.crowd import Crowd

from stashai.bench.photos import _central, _Store, subjects
from stashai.errors import UsageError
from stashai.media.frames import Frame
from stashai.vision.engine import AnalyzedFace


def test_folders_are_people_and_other_files_are_not(tmp_path: Path) -> None:
    for name in ("b/2.jpg", "b/1.jpg", "a/1.png", "a/notes.txt", "empty/notes.txt"):
        place = tmp_path / name
        place.parent.mkdir(exist_ok=True)
        if place.suffix == ".txt":
            place.write_text("", encoding="utf-8")
        else:
            Image.new("RGB", (8, 8)).save(place)
    found = subjects(tmp_path)
    assert [one.name for one in found] == ["a", "b"]
    assert [path.name for path in found[1].photographs] == ["1.jpg", "2.jpg"]


def test_a_folder_without_people_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        subjects(tmp_path)


def test_the_face_nearest_the_middle() -> None:
    crowd = Crowd(3)
    faces = [AnalyzedFace(crowd.face(person, x=x), None) for person, x in enumerate((0.0, 120.0, 400.0))]
    assert _central(Frame(np.zeros((100, 300, 3), np.uint8)), faces) is faces[1]
    assert _central(Frame(np.zeros((100, 300, 3), np.uint8)), []) is None


def test_what_was_seen_is_kept_with_what_had_no_face(tmp_path: Path) -> None:
    crowd = Crowd(2)
    store = _Store(tmp_path, "this analysis")
    store.rows = {"first": crowd.face(0, models=("one", "two")), "second": None}
    store.save()
    again = _Store(tmp_path, "this analysis").rows
    first = again["first"]
    assert again["second"] is None
    kept = store.rows["first"]
    assert first is not None
    assert kept is not None
    assert np.array_equal(first.embeddings["two"], kept.embeddings["two"])
    assert first.quality == pytest.approx(0.8)
    assert not _Store(tmp_path, "another analysis").rows
