"""`stashai enroll`: learn people from a folder, for every later identify without --people."""

from __future__ import annotations

import click

from ..errors import UsageError
from ..media.walk import absolute
from ..text import original
from ..vision.catalog import Catalog
from .exits import Exit
from .learn import Learned, learn
from .networks import Follower, missing_defaults, obtain
from .rows import opened
from .shell import Shell, json_option
from .work import engine


@click.command()
@click.argument("folder", metavar="DIR")
@json_option
@click.pass_obj
def enroll(shell: Shell, folder: str, as_json: bool) -> int:
    """Learn the people of DIR/<name>/<photographs>. People who were forgotten come back by this, and only by this."""
    place = absolute(folder)
    if not place.is_dir():
        raise UsageError(f"{place} is not a folder.", remedy="It must hold one folder a person, with photographs in it.")
    first, later = missing_defaults(Catalog.of(shell.settings), shell.settings)
    obtain(first, shell)
    vision = engine(shell)
    follower = Follower(later, shell.settings)
    follower.start()
    with opened(shell.settings) as rows:
        learned = learn(shell, rows, place, vision, explicit=True)
        known = len(rows.stores.people.people(origin=learned.folder))
    told(shell, learned, known, as_json=as_json)
    shell.out.flush()
    follower.finish(shell)
    return Exit.SOME_FAILED if learned.job is not None and learned.job.tests_error else Exit.OK


def told(shell: Shell, learned: Learned, known: int, *, as_json: bool) -> None:
    for warning in learned.warnings:
        shell.warn(warning)
    if as_json:
        job = learned.job.job_id if learned.job else None
        shell.emit({"job_id": job, "folder": original(learned.folder), "people": known, "enrolled": learned.enrolled,
                    "removed": len(learned.plan.removed), "warnings": learned.warnings})
        return
    new = f"Learned {learned.enrolled} new face{'s' if learned.enrolled != 1 else ''}" if learned.job else "Nothing new"
    shell.say(f"{new}; {known} {'person is' if known == 1 else 'people are'} known from {original(learned.folder)}.")
