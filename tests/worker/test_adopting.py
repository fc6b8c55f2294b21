"""Another worker numbers people for itself; what it answers names them by this one's numbers, and never somebody else of that
name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stashai.clock import SystemClock
from stashai.processing.stores import PeopleStore, Person, SourceFile
from stashai.settings import Settings
from stashai.tracking.open import open_stores
from stashai_worker.adopting import Identity, adopted, counterparts, identities, named, own
from stashai_worker.elsewhere import Remote, ServiceDownError
from stashai_worker.other_worker import asked_who

from .conftest import Start


@pytest.fixture
def here(tmp_path: Path) -> Iterator[PeopleStore]:
    yield from people(tmp_path / "here")


@pytest.fixture
def there(tmp_path: Path) -> Iterator[PeopleStore]:
    yield from people(tmp_path / "there")


def people(folder: Path) -> Iterator[PeopleStore]:
    ledger, stores = open_stores(Settings(folder, folder / "models", 1), clock=SystemClock())
    yield stores.people
    ledger.database.close()


def learned(rows: PeopleStore, name: str, *pictures: str, key: str | None = None, source: str = "folder") -> Person:
    person = rows.ensure(name, source, key or name)
    assert person is not None
    for picture in pictures:
        rows.record_source(SourceFile("/people", person.id, f"{person.key}/{picture}", picture, "detector", "enrolled"), [])
    return person


def answered(answer: Any, there: PeopleStore, here: PeopleStore) -> Any:
    return adopted(answer, counterparts(identities(named(answer), there), here), strict=True)


def told(person: Person) -> dict[str, Any]:
    return {"id": f"person:{person.id}", "name": person.name, "confidence": 0.9}


def test_one_person_is_whom_both_learned_from_the_same_photograph(here: PeopleStore, there: PeopleStore) -> None:
    learned(here, "Zoe", "z")
    ann, theirs = learned(here, "Ann", "a", "b"), learned(there, "Ann", "b", "c")
    assert ann.id != theirs.id
    assert answered({"performers": [told(theirs)]}, there, here)["performers"][0]["id"] == f"person:{ann.id}"


def test_two_people_of_one_name_are_not_mixed_up(here: PeopleStore, there: PeopleStore) -> None:
    learned(here, "Ann", "a")
    theirs = learned(there, "Ann", "somebody else's photograph")
    assert answered({"performers": [told(theirs)]}, there, here)["performers"] == [{"id": "person:0", "name": "Ann", "confidence": 0.9}]
    first, second = learned(here, "Bob", "b1", key="Bob"), learned(here, "Bob", "b2", key="other/Bob")
    bob = learned(there, "Bob", "b2")
    assert answered({"performers": [told(bob)]}, there, here)["performers"][0]["id"] == f"person:{second.id}" != f"person:{first.id}"


def test_a_performer_is_one_of_the_same_stash_alone(here: PeopleStore, there: PeopleStore) -> None:
    learned(here, "Ann", source="stash:aaaa", key="17")
    learned(there, "Ann", source="stash:aaaa", key="17")
    learned(there, "Somebody else", source="stash:bbbb", key="18")
    learned(here, "Cid", source="stash:aaaa", key="18")
    answer = {"performers": [{"id": "17", "name": "Ann", "confidence": 1.0}, {"id": "18", "name": "Somebody else", "confidence": 1.0}]}
    assert [one["id"] for one in answered(answer, there, here)["performers"]] == ["17", "person:0"]


def test_an_id_of_two_stashes_means_nobody(there: PeopleStore) -> None:
    for source in ("stash:aaaa", "stash:bbbb"):
        learned(there, "Ann", source=source, key="17")
    assert identities(["17", "person:1", "person:99"], there)[0].id == "person:1"
    assert len(identities(["17", "person:1", "person:99"], there)) == 1


def test_all_places_of_an_answer(here: PeopleStore, there: PeopleStore) -> None:
    learned(here, "Zoe", "z")
    ann, theirs = learned(here, "Ann", "a"), learned(there, "Ann", "a")
    number = f"person:{theirs.id}"
    answer = {
        "entity": {"id": number, "type": "image"},
        "performers": [told(theirs)],
        "faces": [{"performer_id": number, "candidates": [told(theirs)]}, {"performer_id": None, "candidates": []}],
    }
    ours = answered(answer, there, here)
    assert ours["entity"]["id"] == number, "what was asked about is nobody's number"
    assert (ours["faces"][0]["performer_id"], ours["faces"][0]["candidates"][0]["id"]) == (f"person:{ann.id}",) * 2
    assert ours["faces"][1]["performer_id"] is None


def test_findings_of_an_item(here: PeopleStore, there: PeopleStore) -> None:
    learned(here, "Zoe", "z")
    ann, theirs = learned(here, "Ann", "a"), learned(there, "Ann", "a")
    face = {"time": None, "bbox": [1, 2, 3, 4], "quality": 0.5, "crop": "theirs", "observation": 99}
    seen = {"person_id": theirs.id, "name": "Ann", "best_crop": "x", "reference_crop": "y", "faces": [face], "candidates": []}
    [person] = answered({"people": [seen]}, there, here)["people"]
    assert (person["person_id"], person["best_crop"], person["reference_crop"]) == (ann.id, None, None)
    assert (person["faces"][0]["crop"], person["faces"][0]["observation"], person["faces"][0]["quality"]) == (None, None, 0.5)


def test_a_third_partys_number_counts_with_its_name_alone(here: PeopleStore) -> None:
    ann = learned(here, "Ann", "a")
    answer = {"performers": [told(ann), {"id": f"person:{ann.id}x", "name": "Ann", "confidence": 0.5}]}
    assert adopted(answer, own(answer, here), strict=False) == answer
    wrong = {"performers": [{**told(ann), "name": "Bob"}, {"id": "stashdb:11", "name": "First", "confidence": 0.5}]}
    assert [one["id"] for one in adopted(wrong, own(wrong, here), strict=False)["performers"]] == ["person:0", "stashdb:11"]


def test_a_worker_says_who_its_people_are(start: Start) -> None:
    other = start(environ={"STASHAI_TOKEN": "theirs"})
    ledger, stores = open_stores(Settings(other.data, other.data / "models", 1), clock=SystemClock())
    ann = learned(stores.people, "Ann", "a", "b")
    ledger.database.close()
    remote = Remote("worker-1", "worker", other.root, token="theirs")
    assert asked_who(remote, [f"person:{ann.id}", "person:99"]) == [
        Identity(id=f"person:{ann.id}", name="Ann", source="folder", key="Ann", pictures=["a", "b"])
    ]
    with pytest.raises(ServiceDownError):
        asked_who(Remote("worker-1", "worker", other.root, token="wrong"), ["person:1"])
