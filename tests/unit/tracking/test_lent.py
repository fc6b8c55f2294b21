"""What another worker lent: apart from what is one's own, and gone when it was not used for a while. On each database."""

from __future__ import annotations

import pytest
from tests.unit.tracking.rows import frame, observation, pass_time, reference, request

from stashai.tracking.database import Database
from stashai.tracking.ledger import Ledger
from stashai.tracking.lent import Lent
from stashai.tracking.observations import Observations
from stashai.tracking.people import People

SOURCE = "lent:0123456789abcdef"


@pytest.fixture
def people(database: Database) -> People:
    return People(database)


def known(people: People, source: str, name: str) -> int:
    person = people.ensure(name, source, "7")
    assert person is not None
    people.add_reference(reference(person.id, source, f"/{name}.jpg"))
    return person.id


def test_lent_people_are_matched_where_they_are_asked_for(people: People) -> None:
    lent, own = known(people, SOURCE, "Ann"), known(people, "folder", "Bea")
    assert [person.id for person in people.people()] == [own]
    assert {one.person_id for one in people.references()} == {own}
    assert [person.id for person in people.people(origin=SOURCE)] == [lent]
    assert {one.person_id for one in people.references(origin=SOURCE)} == {lent}


def test_unused_it_goes_and_nothing_else_does(database: Database, people: People, ledger: Ledger) -> None:
    lent, seen = Lent(database), Observations(database)
    seen.save("own", "d", [frame(1.0, observation(1, crop="kept"))])
    lent.used(SOURCE, ["own", "theirs"])
    seen.save("theirs", "d", [frame(1.0, observation(2, crop="given"))])
    known(people, SOURCE, "Ann")
    own = known(people, "folder", "Bea")
    ledger.submit(request("look", client_id=SOURCE))
    kept = ledger.submit(request("mine", client_id="me")).job
    assert lent.unused(3600) == []
    assert lent.unused(-1) == [SOURCE]
    assert set(lent.give_back(SOURCE)) == {"given", "crop-/Ann.jpg"}
    assert seen.frames("theirs", "d") == []
    assert len(seen.frames("own", "d")) == 1
    assert [person.id for person in people.people()] == [own]
    assert people.people(origin=SOURCE) == []
    assert [job.job_id for job in ledger.jobs()] == [kept.job_id]
    assert database.query("SELECT key FROM meta WHERE key = 'lent-medium:theirs' OR key = ?", (SOURCE,)) == []
    assert people.forgotten() == []
    assert lent.unused(-1) == []


def test_it_is_kept_while_it_is_used(database: Database) -> None:
    lent = Lent(database)
    lent.used(SOURCE)
    if database.is_sqlite:
        pass_time(database, 4000)
        assert lent.unused(3600) == [SOURCE]
    lent.used(SOURCE)
    assert lent.unused(3600) == []
