"""`stashai compare`: are these two one person?"""

from __future__ import annotations

from pathlib import Path

import click

from ..errors import StashAIError
from ..media.walk import absolute
from ..processors.compare import CompareFaces, CompareParams, Comparison, FaceSource
from ..report.view import percent
from ..text import original, storable
from ..vision.catalog import Catalog
from .exits import Exit
from .networks import Follower, missing_defaults, obtain
from .rows import Rows, find_person, opened
from .shell import Shell, json_option, printable
from .work import engine, run_job, submit


@click.command()
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@json_option
@click.pass_obj
def compare(shell: Shell, first: str, second: str, as_json: bool) -> int:
    """Say whether A and B are the same person: each a picture, or the name of somebody who is known."""
    with opened(shell.settings) as rows:
        params = CompareParams(first=source(first, rows), second=source(second, rows))
    needed, later = missing_defaults(Catalog.of(shell.settings), shell.settings)
    obtain(needed, shell)
    vision = engine(shell)
    follower = Follower(later, shell.settings)
    follower.start()
    with opened(shell.settings) as rows:
        job = run_job(shell, rows, submit(rows, CompareFaces, params, "compare two faces").job.job_id, "comparing", vision, 1)
        item = next(rows.ledger.all_items(job.job_id), None)
    if item is None or item.response_data is None:
        message = original((item.error_message if item else job.error_message) or "It could not be compared.")
        raise StashAIError(message, code=(item.error_type if item else job.error_code) or "failed")
    tell(shell, Comparison.model_validate_json(item.response_data), job.job_id, as_json=as_json)
    shell.out.flush()
    follower.finish(shell)
    return Exit.OK


def source(text: str, rows: Rows) -> FaceSource:
    """A picture when there is such a file or it looks like one, else a person; UsageError when nobody is called so."""
    looks_like_a_file = Path(text).exists() or "/" in text or Path(text).suffix.lower() in {".jpg", ".jpeg", ".png", ".webp"}
    if looks_like_a_file:
        return FaceSource(path=storable(str(absolute(text))))
    return FaceSource(person=f"person:{find_person(rows.stores.people, text).id}")


def tell(shell: Shell, found: Comparison, job_id: str, *, as_json: bool) -> None:
    if as_json:
        shell.emit({"job_id": job_id, "same": found.same, "probability": round(found.probability, 6), "similarities": found.similarities})
        return
    names = f"{original(found.first.name)} and {original(found.second.name)}"
    words = "the same person" if found.same else "not the same person"
    shell.say(f"{printable(names)}: {words} (the probability that they are one is {percent(found.probability)})")
    for family, similarity in found.similarities.items():
        shell.say(f"  {family}: {similarity:.3f}")
