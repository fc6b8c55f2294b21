"""Weights on this machine: from a registry, an address or a folder, checked, moved into place at once, fetched once.

`settings.models` holds `downloads` (packages and unfinished files), `weights` (as published), `prepared` (what runs).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import requests

from ..errors import SetupError
from ..settings import Settings
from .archives import extract
from .catalog import ModelEntry
from .download import Progress, WrongContentError, download, file_sha256, no_room
from .lock import locked
from .prepare.cache import weights_path
from .registries import file_url, http_session, public

__all__ = ["Progress", "adopt", "fetch"]


def fetch(
    entry: ModelEntry,
    settings: Settings,
    progress: Progress | None = None,
    *,
    environ: Mapping[str, str] = os.environ,
    sleep: Callable[[float], None] = time.sleep,
) -> Path:
    """The weights of `entry`, checked by sha256; fetched first when they are not there.

    They come from `settings.model_source` when that folder has the file or its package, else from where the catalog says.
    Safe when several processes want the same. Raises SetupError with what to do.
    """
    target = weights_path(entry, settings)
    with locked(settings.models / "locks" / f"{entry.source.sha256[:16] or entry.id}.lock"):
        if target.is_file() and _is(target, entry.sha256, progress):
            return target
        loose = _in_source_folder(settings, entry.file, entry.sha256, progress)
        if loose:
            return _place(loose, entry, target)
        package = _in_source_folder(settings, entry.source.file, entry.source.sha256, progress) or _downloaded(
            entry, settings, progress, environ, sleep
        )
        return _place(package, entry, target)


def adopt(entry: ModelEntry, file: Path, settings: Settings) -> Path:
    """Take the weights of `entry` from a file that the user has. Raises SetupError when it is another file."""
    if not file.is_file():
        raise SetupError(f"{file} is not a file.", remedy="Name the weights themselves.")
    target = weights_path(entry, settings)
    with locked(settings.models / "locks" / f"{entry.source.sha256[:16] or entry.id}.lock"):
        return _place(file, entry, target)


def _in_source_folder(settings: Settings, name: str, sha256: str, progress: Progress | None) -> Path | None:
    if settings.model_source is None or not name:
        return None
    if not settings.model_source.is_dir():
        raise SetupError(f"STASHAI_MODEL_SOURCE names {settings.model_source}, which is no folder.", remedy="Correct it, or take it away.")
    found = settings.model_source / name
    if not found.is_file():
        return None
    if not _is(found, sha256, progress):
        raise WrongContentError(f"{found} is not the file that the catalog names.", remedy=f"Its sha256 must be {sha256}.")
    return found


def _downloaded(
    entry: ModelEntry, settings: Settings, progress: Progress | None, environ: Mapping[str, str], sleep: Callable[[float], None]
) -> Path:
    source = entry.source
    target = settings.models / "downloads" / source.file
    if target.is_file() and _is(target, source.sha256, progress):
        return target
    if source.kind == "file":
        raise SetupError(
            f"{entry.title} is not fetched by itself.", remedy=f"Give its file: `stashai models fetch {entry.id} --file PATH`."
        )
    try:
        with http_session(environ) as http:
            download(file_url(source, http, environ), target, source.bytes, source.sha256, http, progress, sleep)
    except requests.RequestException as error:
        raise SetupError(
            f"{entry.title} could not be fetched: {_reason(error)}.",
            remedy=f"Go online, or put {source.file} into a folder and set STASHAI_MODEL_SOURCE to it; what has arrived is kept.",
            code="offline",
        ) from error
    return target


def _place(found: Path, entry: ModelEntry, target: Path) -> Path:
    """Copy or extract to the weights folder under another name, check, and only then give it its name."""
    partial = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if entry.source.member and found.name == entry.source.file:
            extract(found, entry.source.member, partial)
        else:
            partial.write_bytes(found.read_bytes())
        if not _is(partial, entry.sha256):
            raise WrongContentError(
                f"{found.name} does not hold the weights that the catalog names.",
                remedy=f"The sha256 of {entry.file} must be {entry.sha256}.",
            )
        partial.replace(target)
    except OSError as error:
        raise no_room(error, target, entry.bytes) from error
    finally:
        partial.unlink(missing_ok=True)
    if found.parent.name == "downloads" and not entry.source.shared:
        found.unlink()
    return target


def _is(path: Path, sha256: str, progress: Progress | None = None) -> bool:
    """Whether it is that file. `progress` is told before, since checking takes seconds: it is here, nobody waits for a server."""
    if progress:
        progress(path.stat().st_size, path.stat().st_size)
    return not sha256 or file_sha256(path) == sha256


def _reason(error: requests.RequestException) -> str:
    where = public(str(error.request.url)) if error.request is not None and error.request.url else "the server"
    kind = "did not answer in time" if isinstance(error, requests.Timeout) else "cannot be reached"
    answer = error.response
    return f"{where} answered {answer.status_code}" if answer is not None else f"{where} {kind}"
