"""How far the set-up is: a small file, a lock, the folders. Standard library only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from stashai.errors import SetupError, StashAIError
from stashai.hostlock import HostLock
from stashai.mode import importable, libc, lock_file, runtime_folder
from stashai.replacing import moved_into_place

from ..request import Request
from ..said import Said


class SetupNeededError(StashAIError):
    """Recognition was asked for before anything is installed: the page asks its one question."""

    code = "setup-needed"


def progress_file(data: Path) -> Path:
    return data / "setup.json"


def setup_lock(data: Path) -> HostLock:
    return HostLock(data / "setup.lock")


def is_ready(request: Request) -> bool:
    """Packages and the first models are there. Quick."""
    return runtime_is_there(request) and read(request.data).get("models") == "ready"


def runtime_is_there(request: Request) -> bool:
    lock = lock_file(request.locks)
    return (lock.is_file() and runtime_folder(request.data, lock).is_dir()) or importable()


def was_accepted(request: Request) -> bool:
    """Whether a set-up went through before: then Python, the machine or our list of packages changed, and nobody need be asked."""
    return read(request.data).get("models") == "ready"


def read(data: Path) -> dict[str, Any]:
    try:
        value = json.loads(progress_file(data).read_bytes())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def write_progress(data: Path, said: Said | None = None, remedy: str = "", **values: Any) -> None:
    """Change what setup.json says, whole or not at all."""
    if said is not None:
        values |= {"said": said.kept, "remedy": remedy}
    text = json.dumps({**read(data), **values, "libc": libc()})
    moved_into_place(progress_file(data), lambda partial: partial.write_text(text, encoding="utf-8"))


def write_failure(data: Path, error: StashAIError) -> None:
    write_progress(data, Said(error.code, error.message, error.params), error.remedy, state="failed")


def make_private(folder: Path) -> None:
    """A folder that only its owner can read. Raises SetupError when it cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SetupError(
            f"{folder} cannot be made: {error.strerror or error}.",
            remedy="Choose another data folder in StashAI's settings.",
            code="no-folder",
            params={"folder": str(folder)},
        ) from error
