"""The set-up itself, in a process that outlives the call: packages by pip into a folder made aside, then models.

FaceNet, the second opinion, follows once the first names can be given.
"""

from __future__ import annotations

import importlib
import shutil
import time
import traceback
from pathlib import Path

from stashai.errors import SetupError, StashAIError
from stashai.hostlog import HostLog
from stashai.mode import activate, importable, lock_file, runtime_folder

from ..request import Request
from ..said import Said
from .packages import PACKAGES_SHARE, install, with_log
from .state import make_private, setup_lock, write_failure, write_progress

STALE_DAYS = 14


def run(plugin_dir: Path, config_dir: Path) -> int:
    """Returns the exit status; how it went is in setup.json."""
    request = Request({}, {"Dir": str(config_dir)}, plugin_dir, HostLog())
    make_private(request.data)
    with setup_lock(request.data) as lock:
        if not lock.acquire(timeout=5.0):
            return 0
        try:
            _everything(request)
        except StashAIError as error:
            write_failure(request.data, error)
            return 1
        except Exception as error:  # noqa: BLE001 - the boundary of this process: recorded with its traceback
            traceback.print_exc()
            write_failure(request.data, with_log(f"{type(error).__name__}: {error}", "internal", request.data))
            return 1
    return 0


def _everything(request: Request) -> None:
    data = request.data
    write_progress(data, Said("packages", "Fetching packages"), state="running", fraction=0.0, started=time.time())
    lock = lock_file(request.locks)
    if not lock.is_file():
        raise SetupError("The list of packages is missing.", remedy="Install the plugin again.", code="no-lock")
    folder = runtime_folder(data, lock)
    if not folder.is_dir() and not importable():
        install(lock, folder, data)
    activate(data, request.locks)
    importlib.invalidate_caches()
    _models(request)
    write_progress(data, Said("ready", "Ready"), state="done", fraction=1.0, models="ready")
    _second_model(request)
    _tidy(folder)


def _models(request: Request) -> None:
    from .models import first_models, obtain

    settings = request.library_settings()
    entries = first_models(settings)
    for number, entry in enumerate(entries):
        start = PACKAGES_SHARE + (1 - PACKAGES_SHARE) * number / len(entries)
        write_progress(request.data, Said("model", f"Fetching the model {entry.title}", {"name": entry.title}), fraction=start)
        obtain(entry, settings)


def _second_model(request: Request) -> None:
    """Nothing waits for it: a failure is told and the first model goes on alone."""
    from .models import later_models, obtain

    settings = request.library_settings()
    for entry in later_models(settings):
        write_progress(request.data, extra=f"Fetching {entry.title}")
        try:
            obtain(entry, settings)
        except StashAIError as error:
            write_progress(request.data, extra=str(error))
            return
    write_progress(request.data, extra="")


def _tidy(current: Path) -> None:
    """Drop runtimes of other Pythons that nobody has used for two weeks."""
    for folder in current.parent.iterdir() if current.parent.is_dir() else ():
        mark = folder / ".used"
        if folder == current or folder.name.startswith(".") or not folder.is_dir():
            continue
        used = mark.stat().st_mtime if mark.exists() else folder.stat().st_mtime
        if time.time() - used > STALE_DAYS * 86400:
            shutil.rmtree(folder, ignore_errors=True)
