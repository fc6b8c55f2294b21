"""What another worker answers, in this one's words: people are numbered by each worker for itself, and crops and rows of faces
stay where they were made."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from stashai.processing.stores import Person

NOBODY_HERE = 0
"""The number of somebody whom the other worker knows and this one does not."""
_ITS_OWN = frozenset(["crop", "observation", "best_crop", "reference_crop"])
_NUMBERED = re.compile(r"person:\d+")


def adopted(answer: Any, people: Iterable[Person]) -> Any:
    """`answer` with this worker's numbers of the people that it names, found by name where that is one person's alone."""
    here: dict[str, int] = {}
    for person in people:
        here[person.name] = NOBODY_HERE if person.name in here else person.id
    return _translated(answer, dict(_named(answer)), here)


def _named(answer: Any) -> Iterator[tuple[str, str]]:
    """The names of `person:<n>` all over the answer."""
    if isinstance(answer, Mapping):
        number, name = answer.get("id"), answer.get("name")
        if isinstance(number, str) and isinstance(name, str) and _NUMBERED.fullmatch(number):
            yield number, name
        for value in answer.values():
            yield from _named(value)
    elif isinstance(answer, list):
        for value in answer:
            yield from _named(value)


def _translated(answer: Any, names: Mapping[str, str], here: Mapping[str, int]) -> Any:
    if isinstance(answer, list):
        return [_translated(value, names, here) for value in answer]
    if isinstance(answer, str):
        return f"person:{here.get(names[answer], NOBODY_HERE)}" if answer in names else answer
    if not isinstance(answer, Mapping):
        return answer
    told = {key: None if key in _ITS_OWN else _translated(value, names, here) for key, value in answer.items()}
    if "person_id" in told:
        told["person_id"] = here.get(str(told.get("name")), NOBODY_HERE)
    return told
