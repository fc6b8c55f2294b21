"""The rows that commands read and write, opened once a command."""

from __future__ import annotations

from ..errors import UsageError
from ..processing.stores import PeopleStore, Person
from ..text import original, storable


def find_person(people: PeopleStore, wanted: str) -> Person:
    """The person called `wanted`, or with the id in `id:12`. UsageError when there is none, or more than one of that name."""
    everybody = people.people()
    if wanted.startswith("id:"):
        found = [person for person in everybody if str(person.id) == wanted.removeprefix("id:")]
    else:
        found = [person for person in everybody if person.name == storable(wanted)]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(f"id:{person.id} ({person.source} {original(person.key)})" for person in found)
        raise UsageError(f"There are {len(found)} people called {wanted!r}.", remedy=f"Say which one: {ids}.")
    alike = [original(person.name) for person in everybody if wanted.casefold() in person.name.casefold()][:5]
    hint = f"Did you mean {', '.join(alike)}?" if alike else "`stashai people list` shows who is known."
    raise UsageError(f"Nobody called {wanted!r} is known.", remedy=hint)
