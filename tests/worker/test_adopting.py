"""Another worker numbers people for itself; what it answers names them by this one's numbers."""

from __future__ import annotations

from stashai.processing.stores import Person
from stashai_worker.adopting import adopted

HERE = [Person(4, "Ann", "folder", "Ann"), Person(5, "Bob", "folder", "Bob"), Person(6, "Bob", "stash", "17")]


def test_an_answer_of_the_api() -> None:
    theirs = {
        "entity": {"id": "person:1", "type": "image"},
        "performers": [{"id": "person:1", "name": "Ann", "confidence": 0.9}, {"id": "23", "name": "Cid", "confidence": 0.8}],
        "faces": [{"performer_id": "person:1", "candidates": [{"id": "person:1", "name": "Ann"}, {"id": "person:2", "name": "Bob"}]}],
    }
    ours = adopted(theirs, HERE)
    assert ours["performers"] == [{"id": "person:4", "name": "Ann", "confidence": 0.9}, {"id": "23", "name": "Cid", "confidence": 0.8}]
    assert ours["faces"][0]["performer_id"] == "person:4"
    assert ours["faces"][0]["candidates"][1] == {"id": "person:0", "name": "Bob"}, "two people are called so here"


def test_findings_of_an_item() -> None:
    face = {"time": None, "bbox": [1, 2, 3, 4], "quality": 0.5, "crop": "theirs", "observation": 99}
    theirs = {"people": [{"person_id": 1, "name": "Ann", "best_crop": "x", "reference_crop": "y", "faces": [face], "candidates": []}]}
    [person] = adopted(theirs, HERE)["people"]
    assert (person["person_id"], person["best_crop"], person["reference_crop"]) == (4, None, None)
    assert (person["faces"][0]["crop"], person["faces"][0]["observation"], person["faces"][0]["quality"]) == (None, None, 0.5)
