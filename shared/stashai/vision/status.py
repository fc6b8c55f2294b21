"""What of the catalog is on this machine: for `models list`, `models verify`, `doctor` and `clean`."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..settings import Settings
from .catalog import Catalog, ModelEntry
from .prepare.cache import FILES, prepared_folders, sums_hold, weights_path

_ABANDONED_SECONDS = 3600.0

State = Literal["missing", "fetched", "ready", "damaged"]


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """`state`: missing; fetched (the weights are here); ready (prepared for a runtime, too); damaged (what is here is not
    what it must be: `message` says what to do). `bytes` on disk, weights and prepared files."""

    id: str
    state: State
    bytes: int
    message: str = ""


def installed(entry: ModelEntry, settings: Settings) -> bool:
    """Whether `entry` can be opened without fetching anything."""
    return weights_path(entry, settings).is_file() or bool(prepared_folders(entry, settings))


def status(entry: ModelEntry, settings: Settings) -> ModelStatus:
    """What is there, by name alone: quick, nothing is read."""
    weights, prepared = weights_path(entry, settings), prepared_folders(entry, settings)
    state: State = "ready" if prepared else "fetched" if weights.is_file() else "missing"
    return ModelStatus(entry.id, state, sum(map(used, [weights, *prepared])))


def verify(entry: ModelEntry, settings: Settings) -> ModelStatus:
    """What is there, by content. What is damaged is removed, so that the next use makes or fetches it again."""
    from .download import file_sha256  # for requests' sake: it is slow to import

    weights = weights_path(entry, settings)
    bad = [folder for folder in prepared_folders(entry, settings) if not sums_hold(folder)]
    if weights.is_file() and entry.sha256 and file_sha256(weights) != entry.sha256:
        bad.append(weights)
    for path in bad:
        _remove(path)
    after = status(entry, settings)
    if not bad:
        return after
    names = ", ".join(path.name for path in bad)
    return ModelStatus(
        entry.id,
        "damaged",
        after.bytes,
        f"Damaged and removed: {names}. It is made again when it is needed; or run `stashai models fetch {entry.id}`.",
    )


def remove(entry: ModelEntry, settings: Settings) -> int:
    """Delete the weights and everything prepared of `entry`; gives the bytes that are free now."""
    paths = [weights_path(entry, settings), *_prepared_by_any_version(entry, settings)]
    freed = sum(map(used, paths))
    for path in paths:
        _remove(path)
    return freed


def clean(catalog: Catalog, settings: Settings, now: float, *, dry_run: bool = False) -> int:
    """Delete what other versions prepared, what a killed process left behind, and packages that are unpacked already.

    Unfinished downloads stay: they go on where they were. `now` is the time of day in seconds, as files have it.
    Gives the bytes that are free now, or would be.
    """
    wanted = {folder for entry in catalog.models.values() for folder in prepared_folders(entry, settings)}
    stale = [folder for folder in (settings.models / "prepared").glob("*") if folder not in wanted and not _in_use(folder, now)]
    for entry in catalog.models.values():
        package = settings.models / "downloads" / entry.source.file
        siblings = [other for other in catalog.models.values() if other.source.file == entry.source.file and other.default == entry.default]
        if package.is_file() and all(weights_path(other, settings).is_file() for other in siblings):
            stale.append(package)
    stale = list(dict.fromkeys(stale))
    freed = sum(map(used, stale))
    for path in stale if not dry_run else ():
        _remove(path)
    return freed


def used(path: Path) -> int:
    """Bytes of a file, or of everything in a folder; 0 when there is none."""
    if path.is_dir():
        return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return path.stat().st_size if path.is_file() else 0


def _prepared_by_any_version(entry: ModelEntry, settings: Settings) -> list[Path]:
    folder = settings.models / "prepared"
    return [found for runtime in FILES for found in folder.glob(f"{entry.id}-{runtime}-*")]


def _in_use(folder: Path, now: float) -> bool:
    """Whether another process may be writing this at the moment."""
    return folder.name.startswith(".partial-") and now - folder.stat().st_mtime < _ABANDONED_SECONDS


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
