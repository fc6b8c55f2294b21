"""`stashai people`: who is known, and the right to be forgotten."""

from __future__ import annotations

from collections import Counter

import click

from ..matching.kept import drop_graphs
from ..processing.stores import Person, Reference, Stores
from ..text import original, storable
from .rows import find_person, opened
from .shell import Shell, json_option, printable


@click.group()
def people() -> None:
    """Who is known. A person is named as their folder is; `id:12` names one where two have the same name."""


@people.command("list")
@json_option
@click.pass_obj
def list_people(shell: Shell, as_json: bool) -> None:
    """List everybody who is known, with the number of faces learned."""
    with opened(shell.settings) as rows:
        everybody = rows.stores.people.people()
        learned = Counter(reference.person_id for reference in rows.stores.people.references() if reference.usable)
        if as_json:
            shell.emit({"people": [{**described(person), "references": learned[person.id]} for person in everybody]})
            return
        shell.table(("id", "faces", "name"), [(person.id, learned[person.id], original(person.name)) for person in everybody])
        if not everybody:
            shell.say("Nobody is known yet: stashai enroll DIR, where DIR holds one folder a person.")


def described(person: Person) -> dict[str, object]:
    return {"id": person.id, "name": original(person.name), "source": person.source, "key": original(person.key)}


@people.command()
@click.argument("name")
@json_option
@click.pass_obj
def show(shell: Shell, name: str, as_json: bool) -> None:
    """Show what a person is known by, and which photographs could not be used."""
    with opened(shell.settings) as rows:
        person = find_person(rows.stores.people, name)
        references = rows.stores.people.references(person_id=person.id)
        useless = [source for source in rows.stores.people.sources(person_id=person.id) if source.outcome != "enrolled"]
    if as_json:
        unused = [{"path": original(source.path), "code": source.outcome, "reason": source.message} for source in useless]
        shell.emit({**described(person), "references": [reference_row(reference) for reference in references], "unused": unused})
        return
    shell.say(printable(f"{original(person.name)} (id:{person.id}, from {person.source})"))
    cells = [(f"{known.quality:.2f}", state(known), original(known.path)) for known in references]
    cells += [("", f"no: {source.message}", original(source.path)) for source in useless]
    shell.table(("quality", "used", "where"), cells)


def state(reference: Reference) -> str:
    if reference.confirmed and reference.usable:
        return "confirmed"
    return "yes" if reference.usable else f"no: {reference.reason}"


def reference_row(reference: Reference) -> dict[str, object]:
    return {
        "id": reference.id, "path": original(reference.path), "quality": round(reference.quality, 3), "usable": reference.usable,
        "reason": reference.reason, "confirmed": reference.confirmed, "models": sorted(reference.embeddings),
    }


@people.command()
@click.argument("name")
@click.argument("new_name")
@json_option
@click.pass_obj
def rename(shell: Shell, name: str, new_name: str, as_json: bool) -> None:
    """Call a person NEW_NAME from now on."""
    with opened(shell.settings) as rows:
        person = find_person(rows.stores.people, name)
        if not new_name.strip():
            raise click.UsageError("a name is not empty")
        rows.stores.people.rename(person.id, storable(new_name))
        done(shell, as_json, {"id": person.id, "name": new_name}, f"{original(person.name)} is called {new_name} now")
        if [other.name for other in rows.stores.people.people()].count(storable(new_name)) > 1:
            shell.warn(f"somebody else is called {new_name}, too: `stashai people merge` makes one person of them")


@people.command()
@click.argument("name")
@click.argument("into")
@json_option
@click.pass_obj
def merge(shell: Shell, name: str, into: str, as_json: bool) -> None:
    """Say that NAME and INTO are one person, called INTO."""
    with opened(shell.settings) as rows:
        person, target = find_person(rows.stores.people, name), find_person(rows.stores.people, into)
        if person.id == target.id:
            raise click.UsageError("that is the same person twice")
        rows.stores.people.merge(person.id, target.id)
        done(shell, as_json, {"id": target.id, "name": original(target.name), "merged": person.id}, merged(person, target))


def merged(person: Person, target: Person) -> str:
    return f"{original(person.name)} is part of {original(target.name)} now"


@people.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_obj
def forget(shell: Shell, name: str, yes: bool, as_json: bool) -> None:
    """Remove a person's faces for good. They come back only by an explicit `enroll`."""
    with opened(shell.settings) as rows:
        person = find_person(rows.stores.people, name)
        if not yes:
            click.confirm(f"Remove everything that is known of {original(person.name)}?", abort=True, err=True)
        remove(rows.stores, person)
        drop_graphs(shell.settings)
        done(shell, as_json, {"forgotten": person.id}, f"{original(person.name)} is forgotten")


def remove(stores: Stores, person: Person) -> None:
    stores.crops.delete(stores.people.forget(person.id))


@people.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_obj
def wipe(shell: Shell, yes: bool, as_json: bool) -> None:
    """Remove every face and every person from this machine's data folder. Who was forgotten before stays so; no name is kept."""
    if not yes:
        click.confirm(f"Remove all people and faces in {shell.settings.data}?", abort=True, err=True)
    with opened(shell.settings) as rows:
        rows.stores.people.wipe()
        rows.stores.crops.wipe()
        drop_graphs(shell.settings)
        done(shell, as_json, {"wiped": True}, "all people and faces are removed")


def done(shell: Shell, as_json: bool, value: dict[str, object], sentence: str) -> None:
    if as_json:
        shell.emit(value)
    else:
        shell.note(sentence)
