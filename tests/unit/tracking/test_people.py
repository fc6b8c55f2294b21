"""People, references, sources, forgetting: on each database."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from tests.unit.tracking.rows import frame, observation, outcome, reference, request, vector

from stashai.errors import UsageError
from stashai.processing.stores import Decision, PeopleStore, Person, SourceFile
from stashai.settings import Settings
from stashai.tracking.database import Database, open_database
from stashai.tracking.decisions import Decisions
from stashai.tracking.ledger import Ledger
from stashai.tracking.observations import Observations
from stashai.tracking.people import People


@pytest.fixture
def people(database: Database) -> People:
    return People(database)


def enrolled(people: People, name: str, origin: str = "/people", number: int = 1) -> Person:
    person = people.ensure(name, "folder", name)
    assert person is not None
    for index in range(number):
        path = f"{origin}/{name}/{index}.jpg"
        people.record_source(
            SourceFile(origin, person.id, path, f"print-{path}", "d", "enrolled"), [reference(person.id, origin, path, index)]
        )
    return person


def test_it_is_the_store_that_processors_know(people: People) -> None:
    store: PeopleStore = people
    assert store.people() == []


def test_a_person_is_made_once(people: People) -> None:
    first, again = people.ensure("Ann", "folder", "Ann"), people.ensure("Ann", "folder", "Ann")
    assert first == again
    assert people.ensure("Ann", "stash", "12") != first
    assert [person.name for person in people.people()] == ["Ann", "Ann"]
    assert people.named("Ann") == people.people()


def test_vectors_come_back_bit_for_bit(people: People) -> None:
    person = enrolled(people, "Ann")
    [row] = people.references()
    original = reference(person.id, path="/people/Ann/0.jpg", seed=0)
    assert row.box == original.box
    assert (row.quality, row.crop, row.fingerprint, row.usable, row.confirmed, row.reason) == (
        original.quality, original.crop, original.fingerprint, True, False, None)  # fmt: skip
    for model, values in original.embeddings.items():
        assert row.embeddings[model].dtype == np.float32
        assert np.array_equal(row.embeddings[model], values)


def test_references_by_origin_and_person(people: People) -> None:
    ann, bob = enrolled(people, "Ann", number=2), enrolled(people, "Bob", "/elsewhere")
    people.add_reference(reference(ann.id, "confirmed", "/scene.mp4", confirmed=True))
    people.add_reference(reference(bob.id, "confirmed", "/scene.mp4", confirmed=True))
    assert {person.name for person in people.people(origin="/people")} == {"Ann"}
    assert [row.person_id for row in people.references(origin="/people")] == [ann.id] * 3
    assert [row.origin for row in people.references(person_id=bob.id)] == ["/elsewhere", "confirmed"]
    assert [row.origin for row in people.references(origin="/elsewhere", person_id=ann.id)] == []


def test_a_source_looked_at_again_replaces_its_references_but_not_what_was_confirmed(people: People) -> None:
    person = enrolled(people, "Ann")
    people.add_reference(reference(person.id, path="/people/Ann/0.jpg", confirmed=True))
    people.record_source(SourceFile("/people", person.id, "/people/Ann/0.jpg", "new", "d2", "weak", "too small"), [])
    assert [row.confirmed for row in people.references()] == [True]
    [source] = people.sources(origin="/people")
    assert (source.fingerprint, source.detector, source.outcome, source.message) == ("new", "d2", "weak", "too small")
    people.remove_source("/people", "/people/Ann/0.jpg")
    assert people.sources(origin="/people") == []
    assert len(people.references()) == 1


def test_embeddings_and_use_of_a_reference_can_change(people: People) -> None:
    person = enrolled(people, "Ann")
    [row] = people.references()
    assert row.id is not None
    people.set_embedding(row.id, "third", vector(9))
    people.set_embedding(row.id, "first", vector(8))
    people.set_usable(row.id, False, "outlier")
    [changed] = people.references(person_id=person.id)
    assert set(changed.embeddings) == {"first", "second", "third"}
    assert np.array_equal(changed.embeddings["first"], vector(8))
    assert (changed.usable, changed.reason) == (False, "outlier")


def test_every_change_raises_the_version_that_others_see(people: People, settings: Settings) -> None:
    other = open_database(settings)
    try:
        seen = [People(other).version()]
        person = enrolled(people, "Ann")
        seen.append(People(other).version())
        [row] = people.references()
        assert row.id is not None
        steps = (
            lambda: people.rename(person.id, "Anna"),
            lambda: people.set_usable(row.id or 0, False, "x"),
            lambda: people.set_embedding(row.id or 0, "third", vector(1)),
            lambda: Decisions(people.database).record(Decision("print", person.id, True, (1,))),
            lambda: people.remove_source("/people", "/people/Ann/0.jpg"),
            lambda: people.forget(person.id),
        )
        for step in steps:
            step()
            seen.append(People(other).version())
        assert seen == sorted(set(seen))
    finally:
        other.close()


def test_renaming_and_merging(people: People) -> None:
    ann, bob = enrolled(people, "Ann"), enrolled(people, "Bob")
    people.rename(ann.id, "Anna")
    assert people.person(ann.id) == Person(ann.id, "Anna", "folder", "Ann")
    people.merge(ann.id, bob.id)
    assert [person.name for person in people.people()] == ["Bob"]
    assert {row.person_id for row in people.references()} == {bob.id}
    assert {source.person_id for source in people.sources(origin="/people")} == {bob.id}
    with pytest.raises(UsageError):
        people.merge(bob.id, bob.id)


def test_what_was_merged_stays_merged_until_it_is_forgotten(people: People) -> None:
    ann, anna, annie = (people.ensure(name, "folder", name) for name in ("Ann", "Anna", "Annie"))
    assert ann is not None
    assert anna is not None
    assert annie is not None
    people.merge(annie.id, anna.id)
    people.merge(anna.id, ann.id)
    assert people.ensure("Annie", "folder", "Annie") == people.ensure("Anna", "folder", "Anna") == ann
    people.forget(ann.id)
    assert [people.ensure(name, "folder", name) for name in ("Ann", "Anna", "Annie")] == [None, None, None]
    again = people.ensure("Annie", "folder", "Annie", revive=True)
    assert again is not None
    assert again.name == "Annie"
    with pytest.raises(UsageError):
        people.rename(ann.id, "nobody")


def test_a_forgotten_person_comes_back_only_on_request(people: People) -> None:
    ann = enrolled(people, "Ann")
    assert people.forget(ann.id) == ["crop-/people/Ann/0.jpg"]
    assert people.people() == []
    assert people.references() == []
    assert people.ensure("Ann", "folder", "Ann") is None
    assert [row[:2] for row in people.forgotten()] == [("folder", "Ann")]
    back = people.ensure("Ann", "folder", "Ann", revive=True)
    assert back is not None
    assert back.id != ann.id, "an id is never given again: results and decisions still hold it"
    assert people.forgotten() == []


def test_who_was_forgotten_stays_so_after_a_wipe_without_a_name(people: People, database: Database) -> None:
    people.forget(enrolled(people, "Ann").id)
    enrolled(people, "Bob")
    people.wipe()
    people.wipe()
    assert people.people() == []
    assert not any("Ann" in str(row) for table in ("forgotten", "meta") for row in database.query(f"SELECT * FROM {table}"))
    assert people.ensure("Ann", "folder", "Ann") is None
    assert people.ensure("Bob", "folder", "Bob") is not None, "who was wiped was not forgotten"
    assert people.ensure("Ann", "folder", "Ann", revive=True) is not None
    assert people.forgotten() == []


def test_nothing_of_a_forgotten_face_stays_in_the_files(people: People, settings: Settings, database: Database) -> None:
    ann = enrolled(people, "Ann")
    vectors = [values.tobytes() for values in reference(ann.id, seed=0).embeddings.values()]
    if database.is_sqlite:
        assert all(any(vector in path.read_bytes() for path in settings.data.iterdir()) for vector in vectors[:1])
    people.forget(ann.id)
    if database.is_sqlite:
        assert not any(vector in path.read_bytes() for path in settings.data.iterdir() for vector in vectors)


def test_a_crop_that_somebody_else_needs_stays(people: People) -> None:
    ann, bea = enrolled(people, "Ann"), enrolled(people, "Bea")
    shared = replace(reference(bea.id, path="/people/Bea/shared.jpg"), crop="crop-/people/Ann/0.jpg")
    people.record_source(SourceFile("/people", bea.id, shared.path, "print", "d", "enrolled"), [shared])
    assert people.forget(ann.id) == []
    assert "crop-/people/Ann/0.jpg" in people.forget(bea.id)


def test_forgetting_strikes_a_person_out_of_results_and_seen_faces(people: People, database: Database, ledger: Ledger) -> None:
    ann, bob = enrolled(people, "Ann"), enrolled(people, "Bob")
    store = Observations(database)
    mine, other = observation(1, crop="seen-ann"), observation(2, crop="seen-bob")
    store.save("with-ann", "a", [frame(None, mine)])
    store.save("with-bob", "a", [frame(None, other)])
    result = {
        "people": [
            {"person_id": ann.id, "name": "Ann", "faces": [{"observation": mine.id}]},
            {"person_id": bob.id, "name": "Bob", "faces": []},
        ],
        "unknown": [{"faces": [{"observation": other.id}], "candidates": [{"person_id": ann.id, "name": "Ann"}]}],
    }
    claim = ledger.claim(ledger.submit(request()).job.job_id)
    assert claim is not None
    ledger.checkpoint(
        claim, [outcome("x", data=json.dumps(result, separators=(",", ":"))), outcome("y", 1, name="Ann", data='{"person":"Ann"}')]
    )
    ledger.finish(claim, "completed", summary={"people": {"Ann": 1, "Bob": 1}})
    assert people.forget(ann.id) == ["crop-/people/Ann/0.jpg", "seen-ann"]
    item, learned = ledger.items(claim.job.job_id)
    assert "Ann" not in (item.response_data or "")
    assert (learned.entity_name, learned.response_data) == (None, '{"person":""}')
    [job] = ledger.jobs()
    assert json.loads(job.results_summary or "") == {"people": {"Bob": 1}}
    assert json.loads(item.response_data or "")["people"][0]["name"] == "Bob"
    assert store.frames("with-ann", "a") == []
    assert len(store.frames("with-bob", "a")) == 1


@pytest.mark.parametrize("everybody", [False, True])
def test_the_paths_of_their_photographs_go_with_people(people: People, database: Database, ledger: Ledger, everybody: bool) -> None:
    ann, _ = enrolled(people, "Ann"), enrolled(people, "Bob")
    learned = ledger.claim(ledger.submit(replace(request("learn"), processor="people.enroll")).job.job_id)
    claim = ledger.claim(ledger.submit(request()).job.job_id)
    assert learned is not None
    assert claim is not None
    ledger.checkpoint(learned, [outcome("/people/Cid/0.jpg")])  # whose photograph is gone
    ledger.checkpoint(claim, [outcome("/people/Ann/0.jpg"), outcome("/people/Bob/0.jpg", 1), outcome("/clips/a.mp4", 2)])
    for path in ("/people/Ann/0.jpg", "/people/Bob/0.jpg"):
        Observations(database).remember_fingerprint(path, 1, 1, "print")
    if everybody:
        people.wipe()
    else:
        people.forget(ann.id)
    left = [] if everybody else ["/people/Bob/0.jpg"]
    assert ledger.item_count(learned.job.job_id) == len(left)
    assert [item.unit for item in ledger.items(claim.job.job_id)] == [*left, "/clips/a.mp4"]
    assert [path for (path,) in database.query("SELECT path FROM file_fingerprints")] == left


def test_wiping_leaves_nothing_of_anybody(people: People, database: Database, settings: Settings, ledger: Ledger) -> None:
    ann = enrolled(people, "Annabelle-the-Unforgettable")
    Observations(database).save("print", "a", [frame(0.0, observation(5))])
    Decisions(database).record(Decision("print", ann.id, True, (1,)))
    claim = ledger.claim(ledger.submit(request()).job.job_id)
    assert claim is not None
    ledger.checkpoint(claim, [outcome("x", data='{"name": "Annabelle-the-Unforgettable"}')])
    before = people.version()
    people.wipe()
    assert people.version() > before
    for table in (
        "people",
        "reference_faces",
        "reference_embeddings",
        "source_files",
        "observations",
        "observation_embeddings",
        "media",
        "decisions",
    ):
        assert database.scalar(f"SELECT count(*) FROM {table}") == 0
    assert ledger.item_count(claim.job.job_id) == 1
    if database.is_sqlite:
        remains = b"".join(path.read_bytes() for path in settings.data.iterdir())
        assert b"Annabelle-the-Unforgettable" not in remains
        assert observation(5).embeddings["first"].tobytes() not in remains


def test_a_stamp_is_another_one_after_each_change_of_what_somebody_is_known_by(people: People) -> None:
    ann, bob = enrolled(people, "Ann"), enrolled(people, "Bob")

    def stamps() -> tuple[int, int]:
        known = {person.id: person.stamp for person in people.people()}
        return known[ann.id], known[bob.id]

    source = SourceFile("/people", ann.id, "/people/Ann/1.jpg", "print", "d", "enrolled")
    added = people.add_reference(reference(ann.id, "confirmed", "/scene.mp4", confirmed=True))
    changes = (
        lambda: people.record_source(source, [reference(ann.id, "/people", source.path)]),
        lambda: people.set_embedding(added, "another", vector(3)),
        lambda: people.set_usable(added, False, "rejected"),
        lambda: people.remove_source("/people", source.path),
        lambda: people.add_reference(reference(ann.id, "confirmed", "/other.mp4", confirmed=True)),
    )
    for change in changes:
        before = stamps()
        change()
        now = stamps()
        assert now[0] != before[0]
        assert now[1] == before[1]
    before = stamps()
    people.rename(ann.id, "Anna")
    assert stamps() == before
    people.record_source(replace(source, person_id=bob.id, path="/people/Ann/0.jpg"), [])
    assert all(now != then for now, then in zip(stamps(), before, strict=True))
    before = stamps()
    people.merge(ann.id, bob.id)
    merged = people.find("folder", "Bob")
    assert merged is not None
    assert merged.stamp != before[1]
