"""The set-up itself, in a process that outlives the call: packages by pip into a folder made aside, then models.

FaceNet, the second opinion, follows once the first names can be given.
"""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from stashai.errors import SetupError, StashAIError
from stashai.hostlog import HostLog
from stashai.mode import activate, importable, lock_file, runtime_folder

from ..request import Request
from ..said import Said
from .state import make_private, setup_lock, write_failure, write_progress

PACKAGES_SHARE = 0.8
"""The part of the progress bar that packages take; models take the rest."""
EXPECTED_MB = 132.0
STALE_DAYS = 14
_DOWNLOADING = re.compile(r"Downloading \S+ \(([\d.]+) (kB|MB)\)")
_OFFLINE = ("NewConnectionError", "Name or service not known", "Temporary failure in name", "ConnectTimeout", "ProxyError", "Max retries")
_USING = re.compile(r"(?:Using cached|Processing) \S+\.whl")


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
            write_failure(request.data, _with_log(f"{type(error).__name__}: {error}", "internal", request.data))
            return 1
    return 0


def _everything(request: Request) -> None:
    data = request.data
    write_progress(data, Said("packages", "Packages"), state="running", fraction=0.0, started=time.time())
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


def install(lock: Path, folder: Path, data: Path) -> None:
    """The lock's packages into `folder`, made aside and renamed when it is whole. Raises SetupError with the remedy."""
    aside = folder.with_name(folder.name + ".part")
    shutil.rmtree(aside, ignore_errors=True)
    aside.parent.mkdir(parents=True, exist_ok=True)
    cache = data / "runtime" / ".pip-cache"
    command = [
        *pip_command(), "install", "--target", str(aside), "--requirement", str(lock), "--require-hashes", "--no-deps",
        "--only-binary", ":all:", "--no-input", "--disable-pip-version-check", "--progress-bar", "off", "--cache-dir", str(cache),
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONNOUSERSITE": "1", "PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0", "PYTHONPATH": ""}
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", env=environment
    )
    lines = list(_watched(process, data))
    if process.wait() != 0:
        shutil.rmtree(aside, ignore_errors=True)
        raise _why(lines, data)
    aside.replace(folder)
    shutil.rmtree(cache, ignore_errors=True)


def pip_command() -> list[str]:
    """How to call pip here: as a module, or out of the wheel that Python itself brings."""
    if find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    bundled = find_spec("ensurepip")
    for folder in (bundled.submodule_search_locations or ()) if bundled else ():
        for wheel in sorted(Path(folder, "_bundled").glob("pip-*.whl")):
            return [sys.executable, str(wheel / "pip")]
    raise SetupError(
        "This Python has no pip.",
        remedy="Install it (apk add py3-pip, apt install python3-pip), or set another Python under Settings, System.",
        code="no-pip",
    )


def _watched(process: subprocess.Popen[str], data: Path) -> Iterator[str]:
    """pip's lines, with our progress kept up by the sizes that it names."""
    arrived = 0.0
    assert process.stdout is not None  # noqa: S101 - it was asked for
    for line in process.stdout:
        text = line.strip()
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
        found = _DOWNLOADING.search(text)
        if found:
            arrived += float(found[1]) * (1.0 if found[2] == "MB" else 0.001)
        if found or _USING.search(text) or text.startswith("Installing"):
            fraction = min(0.98, arrived / EXPECTED_MB) * PACKAGES_SHARE
            unpacking = text.startswith("Installing")
            arrival = Said("packages-mb", f"Packages: {arrived:.0f} MB", {"mb": round(arrived)})
            write_progress(data, Said("unpacking", "Unpacking packages") if unpacking else arrival, fraction=fraction)
        yield text


def _why(lines: list[str], data: Path) -> SetupError:
    """pip's failure as one sentence with what to do about it."""
    text = "\n".join(lines[-40:])
    if "No space left" in text or "Errno 28" in text:
        return SetupError(
            f"The disk of {data} is full.", remedy="Make room and start again.", code="disk-full", params={"folder": str(data)}
        )
    if any(sign in text for sign in _OFFLINE):
        return SetupError(
            "The package registry (pypi.org) cannot be reached.",
            remedy="Go online, or set PIP_INDEX_URL for Stash to a mirror.",
            code="offline",
        )
    if "No matching distribution" in text or "Could not find a version" in text:
        wanted = next((line for line in lines if "No matching distribution" in line), "a package").partition("for ")[2]
        return SetupError(
            f"There is no ready-made package of {wanted or 'a part'} for this Python.",
            remedy="Set another Python (3.11 to 3.14) under Settings, System, or pair StashAI with a worker.",
            code="no-wheel",
            params={"package": wanted},
        )
    last = next((line for line in reversed(lines) if line.startswith("ERROR")), lines[-1] if lines else "no message")
    return _with_log(f"pip could not install the packages: {last}", "pip", data, line=last)


def _with_log(message: str, code: str, data: Path, **params: str) -> SetupError:
    log = str(data / "setup.log")
    return SetupError(message, remedy=f"See {log}.", code=code, params={"log": log, **params})


def _models(request: Request) -> None:
    from .models import first_models, obtain

    settings = request.library_settings()
    entries = first_models(settings)
    for number, entry in enumerate(entries):
        start = PACKAGES_SHARE + (1 - PACKAGES_SHARE) * number / len(entries)
        write_progress(request.data, Said("model", f"Model {entry.title}", {"name": entry.title}), fraction=start)
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
    for folder in current.parent.iterdir():
        mark = folder / ".used"
        if folder == current or folder.name.startswith(".") or not folder.is_dir():
            continue
        used = mark.stat().st_mtime if mark.exists() else folder.stat().st_mtime
        if time.time() - used > STALE_DAYS * 86400:
            shutil.rmtree(folder, ignore_errors=True)
