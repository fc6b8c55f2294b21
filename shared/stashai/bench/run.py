"""`stashai bench`: every part alone, or all of them side by side with the command that repeats each line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from ..cli.exits import Exit
from ..cli.shell import Shell, json_option
from ..errors import StashAIError
from ..settings import Settings
from ..vision.profile import Profile
from .outcome import Outcome

PROFILE = click.option("--profile", type=click.Choice([p.value for p in Profile]), default=Profile.BALANCED.value, show_default=True)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@dataclass(frozen=True, slots=True)
class Part:
    """One part in the run of all: where it lies, and its arguments, given the folder with the research data. None when that
    folder lacks what it needs."""

    module: str
    arguments: Callable[[Path], Mapping[str, Any]]


def lfw(data: Path) -> dict[str, Any]:
    return {"known": data / "lfw" / "known", "strangers": data / "lfw" / "strangers"}


PARTS: dict[str, Part] = {
    "speed": Part("speed", lambda data: {"photos": data / "lfw" / "known", "people": None, "count": 300, "profile": Profile.BALANCED}),
    "loop": Part("compare_loop", lambda data: {"photos": data / "lfw" / "known", "count": 200, "profile": Profile.BALANCED}),
    "dlib": Part("compare_dlib", lambda data: {**lfw(data), "enrolled": 150, "count": 600}),
}


@click.group(invoke_without_command=True)
@click.option("--data", type=FOLDER, default=None, help="The folder with the research data (default: ../shared/data beside the checkout).")
@json_option
@click.pass_context
def bench(context: click.Context, data: Path | None, as_json: bool) -> int:
    """Measure quality, speed and memory. Without a part: all of them, side by side."""
    if context.invoked_subcommand is not None:
        return Exit.OK
    shell: Shell = context.obj
    place = data or Path(__file__).resolve().parents[3].parent / "shared" / "data"
    outcomes = list(everything(shell, place))
    if as_json:
        shell.emit({outcome.part: {"command": outcome.command, **outcome.data} for outcome in outcomes})
    else:
        for outcome in outcomes:
            show(shell, outcome)
    return Exit.SOME_FAILED if any(line.met is False for outcome in outcomes for line in outcome.lines) else Exit.OK


def everything(shell: Shell, data: Path) -> Iterator[Outcome]:
    """Each part in turn; one that cannot run says why and the others go on."""
    for name, part in PARTS.items():
        arguments = part.arguments(data)
        lacking = [str(value) for value in arguments.values() if isinstance(value, Path) and not value.exists()]
        if lacking:
            shell.note(f"{name}: left out, {', '.join(lacking)} is not there")
            continue
        shell.note(f"{name} …")
        try:
            yield measured(part.module, shell.settings, arguments)
        except StashAIError as error:
            shell.warn(f"{name}: {error}")


def measured(module: str, settings: Settings, arguments: Mapping[str, Any]) -> Outcome:
    outcome: Outcome = import_module(f"stashai.bench.{module}").measure(settings, **arguments)
    return outcome


def show(shell: Shell, outcome: Outcome) -> None:
    shell.say(click.style(f"\n{outcome.part}", bold=True) + f"  {outcome.command}")
    if outcome.note:
        shell.say(outcome.note)
    shell.table(("what", "measured", "bar", "met"), [(line.what, line.measured, line.bar, line.mark) for line in outcome.lines])


def answer(shell: Shell, module: str, as_json: bool, **arguments: Any) -> int:
    """Run one part and print it."""
    outcome = measured(module, shell.settings, arguments)
    if as_json:
        shell.emit({"command": outcome.command, "lines": [vars_of(line) for line in outcome.lines], **outcome.data})
    else:
        show(shell, outcome)
    return Exit.SOME_FAILED if any(line.met is False for line in outcome.lines) else Exit.OK


def vars_of(line: Any) -> dict[str, object]:
    return {"what": line.what, "measured": line.measured, "bar": line.bar, "met": line.met}


@bench.command()
@click.option("--photos", type=FOLDER, required=True)
@click.option("--people", type=FOLDER, help="Enrol these first.")
@click.option("--count", default=300, show_default=True)
@PROFILE
@json_option
@click.pass_obj
def speed(shell: Shell, photos: Path, people: Path | None, count: int, profile: str, as_json: bool) -> int:
    """The whole pipeline on images, beside what its bare stages allow."""
    return answer(shell, "speed", as_json, photos=photos, people=people, count=count, profile=Profile(profile))


@bench.command()
@click.option("--photos", type=FOLDER, required=True)
@click.option("--count", default=200, show_default=True)
@PROFILE
@json_option
@click.pass_obj
def loop(shell: Shell, photos: Path, count: int, profile: str, as_json: bool) -> int:
    """Against the loop that a user would write."""
    return answer(shell, "compare_loop", as_json, photos=photos, count=count, profile=Profile(profile))


@bench.command()
@click.option("--known", type=FOLDER, required=True)
@click.option("--strangers", type=FOLDER, required=True)
@click.option("--enrolled", default=150, show_default=True)
@click.option("--count", default=600, show_default=True, help="How many strangers.")
@json_option
@click.pass_obj
def dlib(shell: Shell, known: Path, strangers: Path, enrolled: int, count: int, as_json: bool) -> int:
    """Against face_recognition (dlib), in an environment of its own."""
    return answer(shell, "compare_dlib", as_json, known=known, strangers=strangers, enrolled=enrolled, count=count)
