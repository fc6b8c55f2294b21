"""`stashai bench`: every part alone, or all of them side by side with the command that repeats each line."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from ..cli.exits import Exit
from ..cli.shell import Shell, json_option
from ..errors import StashAIError, UsageError
from ..vision.profile import Profile
from .outcome import Outcome, plain

PROFILE = click.option("--profile", type=click.Choice([p.value for p in Profile]), default=Profile.BALANCED.value, show_default=True)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
SOME = click.IntRange(min=1)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
KNOWN = click.option("--known", type=FOLDER, help="Folders of people with two photographs or more (default: those of --data).")
STRANGERS = click.option("--strangers", type=FOLDER, help="Folders of people who are not enrolled (default: those of --data).")
FILM_SECONDS = {"keyframes": 600.0, "memory": 7200.0}
_DATA = "stashai.bench.data"

Part = Callable[[Shell, Path], Outcome]


def part(module: str, *arguments: Any, **options: Any) -> Outcome:
    """Run `measure` of a module of this room."""
    outcome: Outcome = import_module(f"stashai.bench.{module}").measure(*arguments, **options)
    return outcome


@contextmanager
def a_film(film: Path | None, seconds: float) -> Iterator[Path]:
    """`film`, or one made for the block."""
    if film is not None:
        from ..media.video import VideoReader

        with VideoReader(film):
            """Now rather than in the middle of a measurement: it can be read."""
        yield film
        return
    from .footage import make_film

    with tempfile.TemporaryDirectory(prefix="stashai-film-") as folder:
        yield make_film(Path(folder, "film.mp4"), seconds)


def keyframes_of(film: Path | None) -> Outcome:
    with a_film(film, FILM_SECONDS["keyframes"]) as found:
        return part("keyframes", found)


def memory_of(film: Path | None) -> Outcome:
    """Reading and identifying, with a data folder of its own."""
    with a_film(film, FILM_SECONDS["memory"]) as found, tempfile.TemporaryDirectory(prefix="stashai-bench-") as data:
        command = [sys.executable, "-P", "-m", "stashai.cli", "identify", "--json", str(found)]
        return part("memory", found, command, {**os.environ, "STASHAI_DATA": data})


def existing(*places: Path) -> None:
    missing = [str(place) for place in places if not place.exists()]
    if missing:
        raise UsageError(f"{', '.join(missing)} is not there.", remedy="Give --data, or run the parts alone on data of your own.")


def lfw(data: Path) -> tuple[Path, Path]:
    known, strangers = data / "lfw" / "known", data / "lfw" / "strangers"
    existing(known, strangers)
    return known, strangers


def people_of(known: Path | None, strangers: Path | None) -> tuple[Path, Path]:
    """The folders that were given, else those of the research data."""
    if known is not None and strangers is not None:
        return known, strangers
    usual = lfw(click.get_current_context().meta[_DATA])
    return known or usual[0], strangers or usual[1]


def pairs_of(data: Path) -> Path:
    pairs = data / "lfw" / "pairs.tsv"
    existing(pairs)
    return pairs


def made_scenes(shell: Shell, data: Path) -> Outcome:
    """The scenes bar needs a folder made beforehand: making it takes longer than measuring."""
    folder = data / "scenes"
    existing(folder)
    return part("scenes", shell.settings, folder)


def in_musl(data: Path) -> Outcome:
    """Needs such a Python, which few machines have."""
    python = os.environ.get("STASHAI_MUSL_PYTHON", "")
    if not python:
        raise UsageError("STASHAI_MUSL_PYTHON names no Python that is linked against musl.", remedy="See `stashai bench musl --help`.")
    known, strangers = lfw(data)
    return part("compare_musl", Path(python), known, strangers, 300)


ALL: dict[str, Part] = {
    "verification": lambda shell, data: part("verification", shell.settings, pairs_of(data)),
    "openset": lambda shell, data: part("openset", shell.settings, *lfw(data)),
    "turned": lambda shell, data: part("turned", shell.settings, *lfw(data)),
    "scenes": made_scenes,
    "speed": lambda shell, data: part("speed", shell.settings, lfw(data)[0], None, 300, Profile.BALANCED),
    "loop": lambda shell, data: part("compare_loop", shell.settings, lfw(data)[0], 200, Profile.BALANCED),
    "dlib": lambda shell, data: part("compare_dlib", shell.settings, *lfw(data), 150, 600),
    "musl": lambda shell, data: in_musl(data),
    "keyframes": lambda shell, data: keyframes_of(None),
    "search": lambda shell, data: part("search", shell.settings),
    "ledger": lambda shell, data: part("ledger"),
    "memory": lambda shell, data: memory_of(None),
    "worker": lambda shell, data: part("worker", shell.settings),
    "cost": lambda shell, data: part("cost", shell.settings),
    "plugin": lambda shell, data: part("plugin", lfw(data)[0]),
}


@click.group(invoke_without_command=True)
@click.option("--data", type=FOLDER, help="The folder with the research data (default: ../shared/data beside the checkout).")
@json_option
@click.pass_context
def bench(context: click.Context, data: Path | None, as_json: bool) -> int:
    """Measure quality, speed and memory. Without a part: all of them, side by side."""
    place = data or Path(__file__).resolve().parents[3].parent / "shared" / "data"
    context.meta[_DATA] = place
    if context.invoked_subcommand is not None:
        return Exit.OK
    shell: Shell = context.obj
    outcomes = []
    for outcome in everything(shell, place):
        outcomes.append(outcome)
        if not as_json:
            show(shell, outcome)
    if as_json:
        shell.emit({outcome.part: described(outcome) for outcome in outcomes})
    return status(outcomes)


def everything(shell: Shell, data: Path) -> Iterator[Outcome]:
    """Each part in turn; one that cannot run says why and the others go on."""
    for name, measure in ALL.items():
        shell.note(f"{name} …")
        try:
            yield measure(shell, data)
        except StashAIError as error:
            shell.warn(f"{name} is left out: {error}")


def status(outcomes: list[Outcome]) -> Exit:
    return Exit.SOME_FAILED if any(line.met is False for outcome in outcomes for line in outcome.lines) else Exit.OK


def described(outcome: Outcome) -> object:
    return plain({"command": outcome.command, "note": outcome.note, "lines": [asdict(line) for line in outcome.lines], **outcome.data})


def show(shell: Shell, outcome: Outcome) -> None:
    shell.say(click.style(f"\n{outcome.part}", bold=True) + f"  {outcome.command}")
    if outcome.note:
        shell.say(outcome.note)
    shell.table(("what", "measured", "bar", "met"), [(line.what, line.measured, line.bar, line.mark) for line in outcome.lines])


def answer(shell: Shell, outcome: Outcome, *, as_json: bool) -> int:
    """Print one part."""
    if as_json:
        shell.emit(described(outcome))
    else:
        show(shell, outcome)
    return status([outcome])


@bench.command()
@click.option("--pairs", type=FILE, help="Lines of 1 or 0 and two paths beside the file, separated by tabs (default: those of --data).")
@json_option
@click.pass_obj
def verification(shell: Shell, pairs: Path | None, as_json: bool) -> int:
    """Whether two photographs show one person."""
    listed = pairs or pairs_of(click.get_current_context().meta[_DATA])
    return answer(shell, part("verification", shell.settings, listed), as_json=as_json)


@bench.command()
@KNOWN
@STRANGERS
@click.option("--enrolled", type=SOME, help="Enrol so many of the known people.")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="Write the whole curve as an SVG picture.")
@json_option
@click.pass_obj
def openset(
    shell: Shell, known: Path | None, strangers: Path | None, enrolled: int | None, plot: Path | None, as_json: bool
) -> int:
    """Who is found, and how many strangers are given a name."""
    return answer(shell, part("openset", shell.settings, *people_of(known, strangers), enrolled, plot), as_json=as_json)


@bench.command()
@KNOWN
@STRANGERS
@click.option("--count", type=SOME, help="So many probes and strangers at most.")
@json_option
@click.pass_obj
def turned(shell: Shell, known: Path | None, strangers: Path | None, count: int | None, as_json: bool) -> int:
    """The same with photographs on their side and upside down."""
    return answer(shell, part("turned", shell.settings, *people_of(known, strangers), count), as_json=as_json)


@bench.command()
@click.argument("folder", type=FOLDER, metavar="DIR")
@click.option("--frames", type=click.Choice(["auto", "keyframes", "dense"]), default="auto", show_default=True)
@PROFILE
@json_option
@click.pass_obj
def scenes(shell: Shell, folder: Path, frames: str, profile: str, as_json: bool) -> int:
    """Videos with known truth: DIR as made by make_scenes.py."""
    return answer(shell, part("scenes", shell.settings, folder, Profile(profile), frames), as_json=as_json)


@bench.command()
@click.option("--photos", type=FOLDER, required=True)
@click.option("--people", type=FOLDER, help="Enrol these first.")
@click.option("--count", type=SOME, default=300, show_default=True)
@PROFILE
@json_option
@click.pass_obj
def speed(shell: Shell, photos: Path, people: Path | None, count: int, profile: str, as_json: bool) -> int:
    """The whole pipeline on images, beside what its bare stages allow."""
    return answer(shell, part("speed", shell.settings, photos, people, count, Profile(profile)), as_json=as_json)


@bench.command()
@click.option("--photos", type=FOLDER, required=True)
@click.option("--count", type=SOME, default=200, show_default=True)
@PROFILE
@json_option
@click.pass_obj
def loop(shell: Shell, photos: Path, count: int, profile: str, as_json: bool) -> int:
    """Against the loop that a user would write."""
    return answer(shell, part("compare_loop", shell.settings, photos, count, Profile(profile)), as_json=as_json)


@bench.command()
@KNOWN
@STRANGERS
@click.option("--enrolled", type=SOME, default=150, show_default=True)
@click.option("--count", type=SOME, default=600, show_default=True, help="How many strangers.")
@json_option
@click.pass_obj
def dlib(shell: Shell, known: Path | None, strangers: Path | None, enrolled: int, count: int, as_json: bool) -> int:
    """Against face_recognition (dlib), in an environment of its own."""
    return answer(shell, part("compare_dlib", shell.settings, *people_of(known, strangers), enrolled, count), as_json=as_json)


@bench.command()
@click.option("--python", type=FILE, envvar="STASHAI_MUSL_PYTHON", required=True, help="A Python that is linked against musl.")
@click.option("--people", type=FOLDER, required=True, help="Enrol these first.")
@click.option("--photos", type=FOLDER, required=True)
@click.option("--count", type=SOME, default=300, show_default=True)
@json_option
@click.pass_obj
def musl(shell: Shell, python: Path, people: Path, photos: Path, count: int, as_json: bool) -> int:
    """The same pipeline in musl Python, as in Stash's own image."""
    return answer(shell, part("compare_musl", python, people, photos, count), as_json=as_json)


@bench.command()
@click.option("--film", type=FILE, help="A long H.264 video (default: one made for it).")
@json_option
@click.pass_obj
def keyframes(shell: Shell, film: Path | None, as_json: bool) -> int:
    """Keyframe reading, beside PyAV's bare loop."""
    return answer(shell, keyframes_of(film), as_json=as_json)


@bench.command()
@click.option("--people", type=click.IntRange(min=100), default=100_000, show_default=True)
@click.option("--queries", type=SOME, default=1000, show_default=True)
@json_option
@click.pass_obj
def search(shell: Shell, people: int, queries: int, as_json: bool) -> int:
    """One query among many people."""
    return answer(shell, part("search", shell.settings, people, queries), as_json=as_json)


@bench.command()
@json_option
@click.pass_obj
def ledger(shell: Shell, as_json: bool) -> int:
    """What keeping the books costs: a job, a unit, a picture's faces, reading everybody."""
    return answer(shell, part("ledger"), as_json=as_json)


@bench.command()
@click.option("--film", type=FILE, help="A two-hour video (default: one made for it).")
@json_option
@click.pass_obj
def memory(shell: Shell, film: Path | None, as_json: bool) -> int:
    """Peak memory of a two-hour film."""
    return answer(shell, memory_of(film), as_json=as_json)


@bench.command()
@click.option("--jobs", type=SOME, default=10_000, show_default=True, help="How many jobs memory is watched over.")
@click.option("--picture", type=FILE, help="What is looked at while health is asked for (default: one of the demo's).")
@json_option
@click.pass_obj
def worker(shell: Shell, jobs: int, picture: Path | None, as_json: bool) -> int:
    """The worker: overhead of a job, several workers, health under load, memory."""
    return answer(shell, part("worker", shell.settings, jobs, picture), as_json=as_json)


@bench.command()
@json_option
@click.pass_obj
def cost(shell: Shell, as_json: bool) -> int:
    """What a scene costs: processor time and rows of a long film, by who is in it."""
    return answer(shell, part("cost", shell.settings), as_json=as_json)


@bench.command()
@click.option("--photos", type=FOLDER, help="Folders of people, whose photographs are learned as performers' pictures.")
@click.option("--count", type=SOME, default=500, show_default=True, help="So many of them.")
@json_option
@click.pass_obj
def plugin(shell: Shell, photos: Path | None, count: int, as_json: bool) -> int:
    """The plugin in a fake Stash: starts, clicks, learning."""
    return answer(shell, part("plugin", photos, count), as_json=as_json)
