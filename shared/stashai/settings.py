"""Settings, read once from the environment and passed in. Standard library only."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .errors import UsageError

ENVIRONMENT = {
    "STASHAI_DATA": "The one folder of all state: people, found faces, jobs, crops. Mode 0700.",
    "STASHAI_MODELS": "The cache of networks, which all checkouts of a user share.",
    "STASHAI_MODEL_SOURCE": "A folder with the packages of models.md, for a machine that is offline.",
    "STASHAI_DATABASE_URL": "A PostgreSQL database instead of SQLite in the data folder.",
    "STASHAI_CORES": "How many CPU cores may infer; all that the process may use when not set.",
    "LOG_LEVEL": "How much the worker logs: DEBUG, INFO, WARNING or ERROR; INFO for anything else.",
}
"""Every variable that is read, and what it means. The documentation's table is made of this."""


def default_data_folder(environ: Mapping[str, str], platform: str = sys.platform) -> Path:
    """The platform's usual place for an application's data."""
    home = Path(environ.get("HOME") or environ.get("USERPROFILE") or "~").expanduser()
    if platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "StashAI"
    if platform == "darwin":
        return home / "Library" / "Application Support" / "StashAI"
    return Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "stashai"


def default_model_cache(environ: Mapping[str, str], platform: str = sys.platform) -> Path:
    """The user's cache of models, shared by all checkouts."""
    home = Path(environ.get("HOME") or environ.get("USERPROFILE") or "~").expanduser()
    if platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "StashAI" / "Cache" / "models"
    if platform == "darwin":
        return home / "Library" / "Caches" / "StashAI" / "models"
    return Path(environ.get("XDG_CACHE_HOME") or home / ".cache") / "stashai" / "models"


@dataclass(frozen=True, slots=True)
class Settings:
    """`data` is the one folder of all state (mode 0700), `models` the cache of weights, `cores` how many Python threads
    infer, `database_url` empty for SQLite in `data`, `model_source` a folder with the packages for offline use."""

    data: Path
    models: Path
    cores: int
    database_url: str = ""
    model_source: Path | None = None
    log_level: str = "INFO"

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> Settings:
        env = os.environ if environ is None else environ
        source = env.get("STASHAI_MODEL_SOURCE")
        return cls(
            data=Path(env["STASHAI_DATA"]) if env.get("STASHAI_DATA") else default_data_folder(env),
            models=Path(env["STASHAI_MODELS"]) if env.get("STASHAI_MODELS") else default_model_cache(env),
            cores=_cores(env.get("STASHAI_CORES", "")),
            database_url=env.get("STASHAI_DATABASE_URL", ""),
            model_source=Path(source) if source else None,
            log_level=_level(env.get("LOG_LEVEL", "")),
        )


def _level(text: str) -> str:
    """Other programs mean other words by LOG_LEVEL: what is not one of ours is none."""
    return text.upper() if text.upper() in ("DEBUG", "INFO", "WARNING", "ERROR") else "INFO"


def _cores(text: str) -> int:
    """STASHAI_CORES as a number, all available cores when it is empty. Raises UsageError for anything else."""
    if not text:
        return available_cores()
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(f"STASHAI_CORES is {text!r}.", remedy="Set it to a number of CPU cores, or not at all.")
    return int(text)


def available_cores() -> int:
    """CPU cores that this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
