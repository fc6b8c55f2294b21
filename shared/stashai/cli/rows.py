"""The rows that commands read and write, opened once a command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..errors import SetupError, StorageError, UsageError
from ..media.crops import CropFolder
from ..processing.stores import PeopleStore, Person, Stores
from ..settings import Settings
from ..text import original, storable
from ..tracking.ledger import Ledger
from ..tracking.open import open_stores
from ..tracking.records import JobRow


@dataclass(frozen=True, slots=True)
class Rows:
    ledger: Ledger
    stores: Stores


@contextmanager
def opened(settings: Settings) -> Iterator[Rows]:
    """The rows of `settings` for the block. Raises SetupError when they cannot be opened, StorageError later on."""
    try:
        ledger, stores = open_stores(settings, CropFolder(settings.data / "crops"))
    except StorageError as error:
        raise SetupError(error.message, code=error.code, remedy=error.remedy) from error
    try:
        yield Rows(ledger, stores)
    finally:
        ledger.database.close()


def find_job(ledger: Ledger, wanted: str) -> JobRow:
    """The job with that id, or with an id that begins or ends so; UsageError when there is none, or more than one."""
    exact = ledger.job(wanted)
    if exact is not None:
        return exact
    found = [job for job in ledger.jobs(limit=10_000) if wanted and (job.job_id.startswith(wanted) or job.job_id.endswith(wanted))]
    if len(found) != 1:
        known = "several jobs are" if found else "no job is"
        raise UsageError(f"{known.capitalize()} called {wanted!r}.", remedy="`stashai jobs list` shows all of them.")
    return found[0]


def find_person(people: PeopleStore, wanted: str) -> Person:
    """The person called `wanted`, or with the id in `id:12` (`person:12`, as the API says, is the same). UsageError when there
    is none, or more than one of that name."""
    everybody = people.people()
    if wanted.startswith(("id:", "person:")):
        found = [person for person in everybody if str(person.id) == wanted.partition(":")[2]]
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
