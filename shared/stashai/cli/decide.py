"""`stashai confirm` and `stashai reject`: what a person says of a shown name."""

from __future__ import annotations

from dataclasses import dataclass

import click

from ..contracts.findings import Findings, SeenFace
from ..errors import UsageError
from ..media.fingerprint import fingerprint_of
from ..media.walk import absolute
from ..processing.stores import Person
from ..processors import verdicts
from ..processors.identify import IdentifyMedia
from ..text import original, storable
from ..vision.faces import Observation
from ..vision.profile import Profile
from .rows import Rows, find_person, opened
from .shell import Shell, json_option, printable
from .work import engine


@dataclass(frozen=True, slots=True)
class Shown:
    """What the newest answer about a medium said of somebody: their faces, as they are kept."""

    path: str
    fingerprint: str
    observations: list[Observation]


@click.command()
@click.argument("name")
@click.argument("medium")
@click.option("--unknown", type=click.IntRange(min=1), metavar="N", help="It is the N-th person not known there who is NAME.")
@json_option
@click.pass_obj
def confirm(shell: Shell, name: str, medium: str, unknown: int | None, as_json: bool) -> None:
    """Say that NAME, as shown for MEDIUM, is right. The best faces are learned from at once.

    With --unknown, somebody who was not known there gets a name, also a new one.
    """
    with opened(shell.settings) as rows:
        findings = newest(rows, medium)
        if unknown:
            seen = shown(shell, rows, medium, unnamed(findings, unknown, medium))
            person = named_or_new(rows, name)
        else:
            person = find_person(rows.stores.people, name)
            seen = shown(shell, rows, medium, named(findings, person, medium))
        floor = engine(shell).reference_floor
        learned = verdicts.confirm(person.id, storable(seen.path), seen.fingerprint, seen.observations, floor, rows.stores)
    if as_json:
        shell.emit({"person": person.id, "name": original(person.name), "faces": len(seen.observations), "learned": learned})
    else:
        shell.say(f"Noted: that is {printable(original(person.name))}. {learned} face{'s' if learned != 1 else ''} learned.")


@click.command()
@click.argument("name")
@click.argument("medium")
@json_option
@click.pass_obj
def reject(shell: Shell, name: str, medium: str, as_json: bool) -> None:
    """Say that NAME, as shown for MEDIUM, is wrong. It is not proposed for these faces again."""
    with opened(shell.settings) as rows:
        findings = newest(rows, medium)
        person = find_person(rows.stores.people, name)
        seen = shown(shell, rows, medium, named(findings, person, medium))
        verdicts.reject(person.id, seen.fingerprint, seen.observations, rows.stores)
    if as_json:
        shell.emit({"person": person.id, "name": original(person.name), "faces": len(seen.observations)})
    else:
        shell.say(f"Noted: that is not {printable(original(person.name))}.")


def newest(rows: Rows, medium: str) -> Findings:
    """The newest answer about that path; UsageError when it was never identified."""
    row = storable(str(absolute(medium)))
    items = [item for kind in ("image", "video") for item in rows.ledger.items_of(kind, row, limit=5, processors=[IdentifyMedia.id])]
    answers = [item for item in items if item.response_data]
    if not answers:
        raise UsageError(f"Nothing was shown for {medium} yet.", remedy="Identify it first.")
    return Findings.model_validate_json(max(answers, key=lambda item: item.id).response_data or "{}")


def named_or_new(rows: Rows, name: str) -> Person:
    """The person of that name, made when there is none."""
    if not name.strip():
        raise UsageError("A name is not empty.")
    if any(person.name == storable(name) for person in rows.stores.people.people()):
        return find_person(rows.stores.people, name)
    made = rows.stores.people.ensure(storable(name), "local", storable(name), revive=True)
    if made is None:
        raise UsageError(f"{name!r} cannot be added.")
    return made


def unnamed(findings: Findings, number: int, medium: str) -> list[SeenFace]:
    """The faces of that one of those who were not known; UsageError when there were fewer."""
    if number > len(findings.unknown):
        count = len(findings.unknown)
        told = f"There are {count} people" if count > 1 else "There is one person" if count else "There is nobody"
        raise UsageError(f"{told} not known in {medium}.", remedy="Identify it again to see who there is.")
    return findings.unknown[number - 1].faces


def named(findings: Findings, person: Person, medium: str) -> list[SeenFace]:
    """The faces that were said to be the person; UsageError when none were."""
    found = [seen.faces for seen in findings.people if seen.person_id == person.id]
    if not found:
        names = ", ".join(original(seen.name) for seen in findings.people) or "nobody"
        also = " --unknown N says that the N-th person not known there is who you mean." if findings.unknown else ""
        raise UsageError(f"{original(person.name)} was not shown for {medium}.", remedy=f"Shown was: {names}.{also}")
    return [face for faces in found for face in faces]


def shown(shell: Shell, rows: Rows, medium: str, faces: list[SeenFace]) -> Shown:
    """The kept observations behind `faces`. UsageError when the file is another one by now."""
    path = absolute(medium)
    fingerprint = fingerprint_of(path, rows.stores.observations)
    wanted = {face.observation for face in faces}
    for profile in Profile:
        frames = rows.stores.observations.frames(fingerprint, engine(shell, profile).detector_id)
        found = [seen for frame in frames for seen in frame.observations if seen.id in wanted]
        if found:
            return Shown(str(path), fingerprint, found)
    raise UsageError(f"{medium} has changed since it was identified.", remedy="Identify it again.")
