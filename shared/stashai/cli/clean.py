"""`stashai clean`: old jobs, crops that nothing refers to, and what other versions prepared."""

from __future__ import annotations

import time

import click

from ..vision import status
from ..vision.catalog import Catalog
from .rows import opened
from .shell import Shell, json_option, megabytes


@click.command()
@click.option("--days", type=click.IntRange(min=7), default=30, show_default=True, help="Keep jobs that ended within so many days.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@json_option
@click.pass_obj
def clean(shell: Shell, days: int, dry_run: bool, as_json: bool) -> None:
    """Remove jobs that ended long ago, crops that nothing refers to any more, and leftovers of other versions.

    People, references and found faces stay: `people forget` and `people wipe` are for those.
    """
    with opened(shell.settings) as rows:
        removed = rows.ledger.clean(days * 86400.0, dry_run=dry_run)
        freed = 0 if dry_run else status.clean(Catalog.load(), shell.settings, time.time())
    if as_json:
        shell.emit({"jobs": removed, "bytes": freed, "dry_run": dry_run})
        return
    would = "would go" if dry_run else "removed"
    shell.say(f"{removed} job{'s' if removed != 1 else ''} {would}; {megabytes(freed)} of networks' leftovers freed.")
