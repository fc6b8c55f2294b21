"""Kept faces and decisions: on each database."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from tests.unit.tracking.rows import frame, observation, vector

from stashai.errors import UsageError
from stashai.processing.stores import Decision, DecisionStore, ObservationStore
from stashai.tracking.database import Database
from stashai.tracking.decisions import Decisions
from stashai.tracking.observations import Observations
from stashai.tracking.people import People


@pytest.fixture
def store(database: Database) -> Observations:
    return Observations(database)


def test_it_is_the_store_that_processors_know(store: Observations, database: Database) -> None:
    observations: ObservationStore = store
    decisions: DecisionStore = Decisions(database)
    assert observations.frames("print", "a") == []
    assert decisions.decisions("print") == []


def test_frames_come_back_as_they_were_in_order_of_time(store: Observations) -> None:
    late, early = observation(1, 12.345678901, crop="c1"), observation(2, 0.1)
    second = observation(3, 12.345678901, embeddings={"first": vector(3), "second": vector(3, 512)})
    store.save("print", "a", [frame(12.345678901, late, second, note="HDR, tone-mapped"), frame(0.1, early), frame(7.0)])
    frames = store.frames("print", "a")
    assert [seen.time for seen in frames] == [0.1, 7.0, 12.345678901]
    assert [len(seen.observations) for seen in frames] == [1, 0, 2]
    assert frames[2].note == "HDR, tone-mapped"
    for kept, original in zip(frames[2].observations, (late, second), strict=True):
        assert kept.id == original.id is not None
        assert (kept.time, kept.quality, kept.crop, dict(kept.details)) == (original.time, original.quality, original.crop, {"size": 0.5})
        assert kept.face.box == original.face.box
        assert (kept.face.score, kept.face.roll) == (original.face.score, original.face.roll)
        assert np.array_equal(kept.face.landmarks, original.face.landmarks)
        assert set(kept.embeddings) == set(original.embeddings)
        for model, values in original.embeddings.items():
            assert np.array_equal(kept.embeddings[model], values)


def test_faces_belong_to_one_content_and_one_analysis(store: Observations) -> None:
    store.save("print", "a", [frame(None, observation(1))])
    assert store.frames("print", "b") == []
    assert store.frames("other", "a") == []
    assert store.frames("print", "a")[0].time is None


def test_a_frame_that_is_there_is_left_and_its_faces_keep_their_ids(store: Observations) -> None:
    first, again = observation(1, 2.0), observation(1, 2.0)
    store.save("print", "a", [frame(2.0, first)])
    store.save("print", "a", [frame(2.0, again), frame(3.0, observation(2, 3.0))])
    assert again.id == first.id
    assert [len(seen.observations) for seen in store.frames("print", "a")] == [1, 1]


def test_a_still_is_saved_once_by_threads_that_see_it_at_once(store: Observations, database: Database) -> None:
    start, faces = threading.Barrier(4), [observation(1) for _ in range(4)]

    def save(number: int) -> None:
        start.wait()
        store.save("print", "a", [frame(None, faces[number])])
        database.release()

    threads = [threading.Thread(target=save, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({face.id for face in faces}) == 1
    assert len(store.frames("print", "a")) == 1


def test_embeddings_can_follow(store: Observations) -> None:
    face = observation(1)
    store.save("print", "a", [frame(None, face)])
    assert face.id is not None
    store.add_embedding(face.id, "second", vector(2, 512))
    store.add_embedding(face.id, "second", vector(3, 512))
    [kept] = store.frames("print", "a")[0].observations
    assert np.array_equal(kept.embeddings["second"], vector(3, 512))


def test_notes_of_media(store: Observations) -> None:
    store.save("print", "a", [frame(None)])
    assert store.media("print", "a") is None
    store.note_media("print", "a", {"duration": 12.5, "looks": {"auto": [[None]]}})
    store.note_media("other", "a", {})
    assert store.media("print", "a") == {"duration": 12.5, "looks": {"auto": [[None]]}}
    assert store.media("other", "a") == {}
    assert len(store.frames("print", "a")) == 1


def test_an_unchanged_file_is_known(store: Observations) -> None:
    assert store.known_fingerprint("/a", 10, 1_700_000_000_123_456_789) is None
    store.remember_fingerprint("/a", 10, 1_700_000_000_123_456_789, "print")
    assert store.known_fingerprint("/a", 10, 1_700_000_000_123_456_789) == "print"
    assert store.known_fingerprint("/a", 10, 1_700_000_000_123_456_788) is None
    store.remember_fingerprint("/a", 11, 5, "new")
    assert store.known_fingerprint("/a", 11, 5) == "new"


def said(database: Database, fingerprint: str = "print") -> list[tuple[int, bool, tuple[int, ...]]]:
    return [(d.person_id, d.accepted, d.observation_ids) for d in Decisions(database).decisions(fingerprint)]


def test_a_later_word_about_the_same_faces_holds(database: Database) -> None:
    people, decisions = People(database), Decisions(database)
    ann, bob = people.ensure("Ann", "folder", "Ann"), people.ensure("Bob", "folder", "Bob")
    assert ann is not None
    assert bob is not None
    decisions.record(Decision("print", ann.id, True, (1, 2)))
    decisions.record(Decision("print", bob.id, False, (1, 2)))
    assert said(database) == [(ann.id, True, (1, 2)), (bob.id, False, (1, 2))]
    decisions.record(Decision("print", bob.id, True, (2,)))
    assert said(database) == [(ann.id, True, (1,)), (bob.id, False, (1,)), (bob.id, True, (2,))]
    decisions.record(Decision("print", ann.id, False, (1,)))
    assert said(database) == [(bob.id, False, (1,)), (bob.id, True, (2,)), (ann.id, False, (1,))]
    decisions.retract(Decision("print", bob.id, False, (1,)))
    assert (bob.id, False, (1,)) not in said(database)
    assert said(database, "other") == []
    with pytest.raises(UsageError, match="any more"):
        decisions.record(Decision("print", 999, True, (1,)))
