"""What a service elsewhere answers, in this worker's words: people are numbered by each worker for itself, and crops and rows of
faces stay where they were made.

A name does not say who somebody is. Two workers mean one person when the person is one performer of one Stash, or when they learned
the name from the same photograph; whoever is not known to be the same is `person:0` here, with the name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from stashai.processing.stores import PeopleStore, Person

from .translate import performer_id

NOBODY_HERE = 0
"""The number of somebody whom the other worker knows and this one does not."""
_ITS_OWN = frozenset(["crop", "observation", "best_crop", "reference_crop"])
_NUMBERED = re.compile(r"person:\d+")
_SOMEBODY = frozenset(["id", "name", "confidence"])


class Identity(BaseModel):
    """Who `id` is to whoever tells it: `pictures` are the fingerprints of the photographs that the person was learned from."""

    id: str
    name: str
    source: str
    key: str
    pictures: list[str]


def identities(ids: Iterable[str], people: PeopleStore) -> list[Identity]:
    """Of those ids that mean one person here, as answers of the API name people."""
    known: dict[str, list[Person]] = {}
    for person in people.people():
        for told in {performer_id(person.id, {person.id: person}), f"person:{person.id}"}:
            known.setdefault(told, []).append(person)
    sole = [(told, known[told][0]) for told in ids if len(known.get(told, ())) == 1]
    return [Identity(id=told, name=p.name, source=p.source, key=p.key, pictures=sorted(_pictures(p, people))) for told, p in sole]


def counterparts(theirs: Iterable[Identity], people: PeopleStore) -> dict[str, Person]:
    """Who they are here, by the ids that they have there."""
    ours: dict[str, Person] = {}
    everybody = people.people()
    for one in theirs:
        alike = [person for person in everybody if _same(one, person, people)]
        if len(alike) == 1:
            ours[one.id] = alike[0]
    return ours


def named(answer: Any) -> dict[str, str]:
    """The names of the ids all over an answer."""
    return dict(_named(answer))


def own(answer: Any, people: PeopleStore) -> dict[str, Person]:
    """Whom a service means that says a number of this worker's together with the name that belongs to it."""
    known = {f"person:{person.id}": person for person in people.people()}
    return {told: known[told] for told, name in named(answer).items() if told in known and known[told].name == name}


def adopted(answer: Any, here: Mapping[str, Person], *, strict: bool) -> Any:
    """`answer` with this worker's ids of the people in `here`. With `strict` every other id becomes `person:0`, without it only
    those of the form `person:<n>` (others may be Stash's or a catalogue's)."""
    if isinstance(answer, list):
        return [adopted(value, here, strict=strict) for value in answer]
    if not isinstance(answer, Mapping):
        return answer

    def translated(told: str) -> str:
        if told in here:
            return performer_id(here[told].id, {here[told].id: here[told]})
        return f"person:{NOBODY_HERE}" if strict or _NUMBERED.fullmatch(told) else told

    rest = {key: None if key in _ITS_OWN else adopted(value, here, strict=strict) for key, value in answer.items()}
    if answer.keys() >= _SOMEBODY and isinstance(answer["id"], str):
        rest["id"] = translated(answer["id"])
    if isinstance(answer.get("performer_id"), str):
        rest["performer_id"] = translated(answer["performer_id"])
    if "person_id" in answer:
        person = here.get(f"person:{answer['person_id']}")
        rest["person_id"] = person.id if person is not None else NOBODY_HERE
    return rest


def _named(answer: Any) -> Iterator[tuple[str, str]]:
    if isinstance(answer, Mapping):
        if "person_id" in answer and isinstance(answer.get("name"), str):
            yield f"person:{answer['person_id']}", answer["name"]
        elif answer.keys() >= _SOMEBODY and isinstance(answer["id"], str):
            yield answer["id"], str(answer["name"])
        for value in answer.values():
            yield from _named(value)
    elif isinstance(answer, list):
        for value in answer:
            yield from _named(value)


def _same(theirs: Identity, ours: Person, people: PeopleStore) -> bool:
    if theirs.source.startswith("stash:") or ours.source.startswith("stash:"):
        return (theirs.source, theirs.key) == (ours.source, ours.key)
    return theirs.name == ours.name and not _pictures(ours, people).isdisjoint(theirs.pictures)


def _pictures(person: Person, people: PeopleStore) -> set[str]:
    return {source.fingerprint for source in people.sources(person_id=person.id) if source.outcome == "enrolled"}
