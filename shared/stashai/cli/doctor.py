"""`stashai doctor`: what works here, what is missing, the remedy, the disk used. It changes nothing and asks no server."""

from __future__ import annotations

import os
import platform
import shutil
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from .. import __version__
from ..errors import StashAIError
from ..settings import Settings
from .exits import Exit
from .shell import Shell, json_option, megabytes

CODECS = ("h264", "hevc", "av1", "vp9", "mpeg4", "mpeg2video", "wmv3", "prores")
LITTLE_ROOM = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Check:
    """`state` is ok, note (works, but worth knowing) or broken; `remedy` says what to do unless it is ok."""

    name: str
    state: str
    detail: str
    remedy: str = ""


@click.command()
@json_option
@click.pass_obj
def doctor(shell: Shell, as_json: bool) -> int:
    """Say what works here, what is missing and what to do about it, and how much disk is used."""
    checks = list(examined(shell.settings))
    used = disk_used(shell.settings)
    broken = any(check.state == "broken" for check in checks)
    if as_json:
        shell.emit({"checks": [asdict(check) for check in checks], "disk": used, "ok": not broken})
    else:
        show(shell, checks, used)
    return Exit.SOME_FAILED if broken else Exit.OK


def show(shell: Shell, checks: list[Check], used: dict[str, int]) -> None:
    colours = {"ok": "green", "note": "yellow", "broken": "red"}
    width = max(len(check.name) for check in checks)
    for check in checks:
        mark = click.style(f"{check.state:6}", fg=colours[check.state])
        shell.say(f"{mark}  {check.name:{width}}  {check.detail}")
        if check.remedy:
            shell.say(f"{'':8}{'':{width}}  → {check.remedy}")
    shell.say()
    for place, size in used.items():
        shell.say(f"{megabytes(size):>10}  {place}")


def examined(settings: Settings) -> Iterator[Check]:
    """All checks, in the order in which things are needed."""
    yield Check("StashAI", "ok", f"{__version__}, {settings.cores} core{'s' if settings.cores > 1 else ''}")
    yield python()
    yield runtime()
    yield from answered("models", lambda: [networks(settings)])
    yield search()
    yield video()
    yield from answered("data folder", lambda: [folder("data folder", settings.data, private=True)])
    yield from answered("model cache", lambda: [folder("model cache", settings.models, private=False)])
    yield from answered("room", lambda: [room(settings)])
    yield from answered("database", lambda: database(settings))


def answered(name: str, look: Callable[[], Iterable[Check]]) -> Iterator[Check]:
    """What `look` finds; what the system or StashAI itself refuses on the way is a finding, too."""
    try:
        yield from look()
    except StashAIError as error:
        yield Check(name, "broken", error.message, error.remedy)
    except OSError as error:
        remedy = "Let this user read and write there, or name another place."
        yield Check(name, "broken", f"{error.filename}: {error.strerror or error}", remedy)


def python() -> Check:
    library = "musl" if "musl" in (getattr(sys.implementation, "_multiarch", "") or "") else platform.libc_ver()[0] or platform.system()
    return Check("Python", "ok", f"{platform.python_version()}, {library}, {platform.machine()}, {sys.prefix}")


def installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def runtime() -> Check:
    from ..vision.runtime import available_runtimes

    found = available_runtimes()
    if not found:
        return Check("inference", "broken", "neither onnxruntime nor ncnn is installed", "Run ./stashai, which installs them.")
    if found[0] == "ncnn":
        return Check("inference", "ok", f"ncnn {installed('ncnn')} on the CPU (onnxruntime has no package for this machine)")
    from ..vision.sessions.ort import available_providers

    return Check("inference", "ok", f"onnxruntime {installed('onnxruntime')}: {', '.join(available_providers())}")


def networks(settings: Settings) -> Check:
    from ..vision.catalog import Catalog
    from ..vision.runtime import choose_runtime
    from .networks import is_ready, missing_defaults

    catalog = Catalog.of(settings)
    first, later = missing_defaults(catalog, settings)
    ready = [entry.id for entry in catalog.models.values() if is_ready(entry, settings, choose_runtime())]
    missing = [entry.title for entry in (*first, *later)]
    if missing:
        return Check("models", "note", f"ready: {', '.join(ready) or 'none'}; not here yet: {', '.join(missing)}",
                     "The next identify fetches them, or: stashai models fetch")
    return Check("models", "ok", f"ready: {', '.join(ready)}")


def search() -> Check:
    found = installed("voyager")
    if found:
        return Check("search", "ok", f"voyager {found}")
    return Check("search", "ok", "exact search (voyager has no package for this machine; up to some 20,000 people that is as good)")


def video() -> Check:
    try:
        import av
    except ImportError as error:
        return Check("video", "broken", f"PyAV cannot be imported: {error}", "Run ./stashai, which installs it.")
    missing = [name for name in CODECS if name not in av.codecs_available]
    detail = f"PyAV {av.__version__}: {', '.join(name for name in CODECS if name not in missing)}"
    return Check("video", "note" if missing else "ok", detail, f"Clips in {', '.join(missing)} cannot be read." if missing else "")


def folder(name: str, path: Path, *, private: bool) -> Check:
    """Whether `path` (or the folder that it will be made in) can be written, and is for its owner alone when it must be."""
    if not path.exists():
        parent = next(p for p in path.parents if p.exists())
        if os.access(parent, os.W_OK):
            return Check(name, "ok", f"{path} (made at the first use)")
        remedy = "Set STASHAI_DATA and STASHAI_MODELS to folders of yours."
        return Check(name, "broken", f"{path} cannot be made: {parent} is not writable", remedy)
    if not path.is_dir() or not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        return Check(name, "broken", f"{path} cannot be read and written", "Correct its permissions, or set another folder.")
    mode = stat.S_IMODE(path.stat().st_mode)
    if private and os.name != "nt" and mode & 0o077:
        return Check(name, "note", f"{path} can be read by others (mode {mode:03o})", f"chmod 700 {path}")
    return Check(name, "ok", str(path))


def database(settings: Settings) -> Iterator[Check]:
    """The rows: whether they can be read, how many there are, and work that nobody is at."""
    from ..tracking.database import FILE_NAME
    from .rows import opened

    if not settings.database_url and not (settings.data / FILE_NAME).exists():
        yield Check("database", "ok", f"{settings.data / FILE_NAME} (made at the first use)")
        return
    with opened(settings) as rows:
        known = rows.stores.people.people()
        faces = sum(reference.usable for reference in rows.stores.people.references())
        begun = rows.ledger.jobs(status=("pending", "processing"))
        left = [job for job in begun if job.status == "pending" or rows.ledger.is_abandoned(job)]
    where = "PostgreSQL" if settings.database_url else str(settings.data / FILE_NAME)
    yield Check("database", "ok", f"{where}: {len(known)} people known by {faces} faces")
    if left:
        yield Check("jobs", "note", f"{len(left)} unfinished", "Give the same command again, or: stashai jobs list")


def room(settings: Settings) -> Check:
    place = next(p for p in (settings.data, *settings.data.parents) if p.exists())
    free = shutil.disk_usage(place).free
    if free < LITTLE_ROOM:
        return Check("room", "note", f"{megabytes(free)} left on the disk of {place}", "Make room: work stops when the disk is full.")
    return Check("room", "ok", f"{megabytes(free)} left on the disk of {place}")


def disk_used(settings: Settings) -> dict[str, int]:
    """Bytes by place."""
    return {str(path): size_of(path) for path in (settings.data, settings.models, Path(sys.prefix))}


def size_of(path: Path) -> int:
    total = 0
    for folder_name, _, files in os.walk(path):
        for name in files:
            try:
                total += Path(folder_name, name).lstat().st_size
            except OSError:
                continue
    return total
