"""`stashai clean`: old jobs, crops that nothing refers to, and what other versions prepared."""

from __future__ import annotations

import time
from pathlib import Path

import click

from ..tracking.observations import Observations
from ..vision import status
from ..vision.catalog import Catalog
from .rows import Rows, opened
from .shell import Shell, json_option, megabytes

FRESH_SECONDS = 3600.0
"""A crop this young may belong to a row that another process is about to write."""


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
        removed = rows.ledger.clean(days, dry_run=dry_run)
        orphans = orphaned_crops(rows, shell.settings.data / "crops", time.time())
    freed = sum(path.stat().st_size for path in orphans)
    freed += status.clean(Catalog.of(shell.settings), shell.settings, time.time(), dry_run=dry_run)
    for path in orphans if not dry_run else ():
        path.unlink(missing_ok=True)
    if as_json:
        shell.emit({"jobs": removed.jobs, "items": removed.items, "crops": len(orphans), "bytes": freed, "dry_run": dry_run})
        return
    words = "would go" if dry_run else "are removed"
    shell.say(f"{removed.jobs} jobs with {removed.items} items and {len(orphans)} crops {words}; {megabytes(freed)} of files.")


def orphaned_crops(rows: Rows, folder: Path, now: float) -> list[Path]:
    """Kept crops that no row refers to."""
    needed = Observations(rows.ledger.database).crops()
    return [path for path in folder.glob("*/*.jpg") if path.stem not in needed and now - path.stat().st_mtime > FRESH_SECONDS]
