"""`stashai identify`: who is in these pictures, clips and folders."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from ..errors import SetupError, UsageError
from ..matching.fitted import calibration_for, fitted_for
from ..matching.unfitted import unfitted
from ..media.walk import Walk, absolute
from ..processors.identify import IdentifyMedia, IdentifyParams
from ..settings import Settings
from ..text import storable
from ..tracking.records import JobRow, request_hash
from ..vision.catalog import Catalog
from ..vision.engine import VisionEngine
from ..vision.profile import Profile
from .answer import Answer, answers, as_json, tell, write_report
from .exits import Exit
from .learn import Learned, learn
from .networks import Follower, missing_defaults, obtain
from .rows import Rows, opened
from .shell import Shell
from .work import engine, run_job, submit


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked on the command line."""

    media: tuple[str, ...]
    people: Path | None
    frames: str
    profile: Profile
    top: int
    threshold: float | None


def _number(_ctx: click.Context, _option: click.Parameter, value: float | None) -> float | None:
    if value is not None and math.isnan(value):  # below no bound and above none
        raise click.BadParameter("nan is not in the range 0<=x<=1.")
    return value


@click.command()
@click.argument("media", nargs=-1, required=True, metavar="MEDIA…")
@click.option("--people", metavar="DIR", help="Match exactly the people of this folder: DIR/<name>/<photographs>. Learns what is new.")
@click.option("--report", metavar="FILE.html", help="Write a page that shows who was found where, and why.")
@click.option("--frames", type=click.Choice(["auto", "sprite", "keyframes", "dense"]), default="auto", show_default=True,
              help="How much of a clip is looked at.")
@click.option("--profile", type=click.Choice([profile.value for profile in Profile]), default=Profile.BALANCED.value, show_default=True,
              help="How hard each face is looked at.")
@click.option("--top", type=click.IntRange(1, 50), default=5, show_default=True, help="Candidates shown a person.")
@click.option("--threshold", type=click.FloatRange(0, 1), callback=_number,
              help="Probability from which a name is shown (default: the calibrated one).")
@click.option("--json", "json_wanted", is_flag=True, help="Print one JSON object on stdout, and nothing else there.")
@click.pass_obj
def identify(
    shell: Shell, media: tuple[str, ...], people: str | None, report: str | None, frames: str, profile: str, top: int,
    threshold: float | None, json_wanted: bool,
) -> int:
    """Say who is in each picture, clip or folder. Whatever is missing for that is set up first."""
    target = report_target(report)
    folder = absolute(people) if people is not None else None
    question = Question(media, folder, frames, Profile(profile), top, threshold)
    return answer(shell, question, target, json_wanted=json_wanted)


def report_target(report: str | None) -> Path | None:
    """Where the report goes; UsageError now rather than after an hour of work when it cannot."""
    if report is None:
        return None
    target = absolute(report)
    if target.is_dir() or not target.parent.is_dir() or not os.access(target.parent, os.W_OK):
        raise UsageError(f"The report cannot be written to {target}.", remedy="Name a file in a folder that exists and is yours.")
    return target


def answer(shell: Shell, question: Question, report: Path | None, *, json_wanted: bool) -> int:
    """Set up, learn, identify, print; the exit status. The networks that can follow are fetched behind the work."""
    started = time.monotonic()
    first, later = missing_defaults(Catalog.of(shell.settings), shell.settings)
    obtain(first, shell)
    vision = engine(shell, question.profile)
    # asked before more arrive, so that one run is of one kind
    embedders = vision.installed_embedders
    follower = Follower(later, shell.settings)
    follower.start()
    ready = time.monotonic()
    with opened(shell.settings) as rows:
        learned = learn(shell, rows, question.people, vision, explicit=False) if question.people else None
        for warning in [*(learned.warnings if learned else ()), *doubts(embedders, shell.settings)]:
            shell.warn(warning)
        warn_when_nobody(shell, rows, learned)
        taught = time.monotonic()
        walk = Walk(question.media)
        total = sum(1 for _ in walk)
        job = identified(shell, rows, question, learned, list(embedders), vision, total)
        found = list(answers(rows.ledger.all_items(job.job_id)))
        timings = {"setup": ready - started, "learn": taught - ready, "identify": time.monotonic() - taught}
        if report is not None:
            write_report(report, found, rows.stores.crops.get)
    if json_wanted:
        models = {"detector": vision.detector_id, "embedders": list(embedders)}
        timings["total"] = time.monotonic() - started
        shell.emit(json_object(job, found, walk.ignored, models, timings))
        if report is not None:
            shell.note(f"the report is {report}")
    else:
        told(shell, found, walk.ignored, report)
    shell.out.flush()
    follower.finish(shell)
    return Exit.SOME_FAILED if any(each.status == "failed" for each in found) else Exit.OK


def doubts(embedders: list[str], settings: Settings) -> list[str]:
    """What is to be said of networks that are asked beside the first and were never fitted together with it."""
    if len(embedders) < 2:
        return []
    fitted, used = fitted_for(embedders[0], settings), calibration_for(embedders, settings)
    return [
        f"{model} was never fitted together with {embedders[0]}: it "
        + ("shares the weight of the second one" if used.supports((embedders[0], model)) else "is left out")
        + " until scripts/fit_calibration.py has fitted it"
        for model in unfitted(fitted, embedders)
    ]


def warn_when_nobody(shell: Shell, rows: Rows, learned: Learned | None) -> None:
    if not rows.stores.people.people(origin=learned.folder if learned else None):
        shell.warn("nobody is enrolled, so nobody can be named: give --people DIR, where DIR holds one folder a person")


def identified(
    shell: Shell, rows: Rows, question: Question, learned: Learned | None, embedders: list[str], vision: VisionEngine, total: int
) -> JobRow:
    """The job of this question, run to its end: a new one, or what an equal question left unfinished."""
    media = [storable(str(absolute(path))) for path in question.media]
    people = learned.folder if learned else None
    params = IdentifyParams.model_validate(
        {
            "media": media,
            "people": people,
            "threshold": question.threshold,
            "top": question.top,
            # there is no sprite sheet beside a plain file: its keyframes are the cheapest look
            "frames": "keyframes" if question.frames == "sprite" else question.frames,
            "profile": question.profile.value,
            "embedders": embedders,
        }
    )
    # the embedders are left out: going on after a kill keeps those that the job began with
    same = request_hash(IdentifyMedia.id, params.model_dump(exclude={"embedders"}), people)
    name = f"identify {absolute(question.media[0]).name}" + (f" and {len(media) - 1} more" if len(media) > 1 else "")
    submission = submit(rows, IdentifyMedia, params, name, same)
    if submission.how == "resumed":
        shell.note(f"going on with job {submission.job.job_id}, where {submission.job.tests_completed} were done")
    job = run_job(shell, rows, submission.job.job_id, "identifying", vision, total)
    if job.status == "failed" and not job.tests_completed:
        raise SetupError(job.error_message or "The job failed.", code=job.error_code or "failed")
    return job


def json_object(
    job: JobRow, found: list[Answer], ignored: int, models: Mapping[str, object], timings: Mapping[str, float]
) -> dict[str, object]:
    """What `--json` prints."""
    return {
        "job_id": job.job_id,
        "items": [as_json(each) for each in found],
        "ignored": ignored,
        "models": models,
        "timings": {name: round(seconds, 3) for name, seconds in timings.items()},
    }


def told(shell: Shell, found: list[Answer], ignored: int, report: Path | None) -> None:
    """The answer for a person."""
    for each in found:
        tell(each, shell)
    if not found:
        shell.say("There is nothing to look at in there.")
    if ignored:
        shell.note(f"{ignored} file{'s' if ignored > 1 else ''} of other kinds left out")
    if report is not None:
        shell.note(f"the report, for a browser: {report.as_uri()}")
