"""The worker's settings: environment variables, typed, read once at start. The table in the docs is made from here."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from stashai.errors import SetupError
from stashai.settings import Settings

DEFAULT_PORT = 9666


def _variable(name: str, about: str, default: Any = "") -> Any:
    return field(default=default, metadata={"variable": name, "about": about})


@dataclass(frozen=True, slots=True)
class WorkerConfig:
    """One field a variable; `metadata` names the variable and says what it is for."""

    core: Settings
    host: str = _variable("STASHAI_HOST", "Address to listen on; beyond loopback a token is required", "127.0.0.1")
    port: int = _variable("STASHAI_PORT", "Port to listen on", DEFAULT_PORT)
    token: str = _variable("STASHAI_TOKEN", "Token that clients send as `Authorization: Bearer …`; made at first start when needed")
    queue_url: str = _variable("STASHAI_QUEUE_URL", "Queue: empty for SQLite in the data folder, `redis://…` or `postgresql://…`")
    media: tuple[Path, ...] = _variable("STASHAI_MEDIA", "The only folders whose files are opened, separated like PATH", ())
    path_map: tuple[tuple[str, str], ...] = _variable("STASHAI_PATH_MAP", "Stash's path = this machine's path, pairs separated by `;`", ())
    stash_url: str = _variable("STASH_URL", "Stash's address; the one origin from which media are fetched")
    stash_api_key: str = _variable("STASH_API_KEY", "Stash's API key")
    visage_url: str = _variable("VISAGE_URL", "An earlier Visage service (HTTP API): asked by its name, and where no worker can")
    workers: tuple[str, ...] = _variable("STASHAI_WORKERS", "Other workers, which are asked while they have less to do", ())
    service_token: str = _variable("STASHAI_WORKERS_TOKEN", "The token of those other workers")
    service_origins: tuple[str, ...] = _variable(
        "STASHAI_SERVICE_ORIGINS", "Origins on which services may be registered by request, separated by commas", ()
    )
    cors_origins: tuple[str, ...] = _variable("STASHAI_CORS_ORIGINS", "Origins that browsers may call from (none by default)", ())
    max_body: int = _variable("STASHAI_MAX_BODY_MB", "Largest request body in MiB", 64)
    max_upload: int = _variable("STASHAI_MAX_UPLOAD_MB", "Largest uploaded file in MiB", 2048)
    spool_hours: int = _variable("STASHAI_SPOOL_HOURS", "Hours that uploaded media are kept", 24)
    rate: int = _variable("STASHAI_RATE", "Requests a minute and client; 0 for no limit", 1200)
    slots: int = _variable("STASHAI_SLOTS", "Jobs that run at once; 0 for the number of cores", 0)
    idle_minutes: int = _variable("STASHAI_IDLE_MINUTES", "Minutes after which unused networks are unloaded", 10)
    retention_days: int = _variable("STASHAI_RETENTION_DAYS", "Days that finished jobs are kept; 0 for ever", 0)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None, **overrides: Any) -> WorkerConfig:
        """Read the environment; `overrides` (the command line's) win. Raises SetupError on what cannot be safe or read."""
        env = os.environ if environ is None else environ
        values: dict[str, Any] = {}
        for name, item in cls.__dataclass_fields__.items():
            variable = item.metadata.get("variable")
            if variable and env.get(variable, "") != "":
                values[name] = _parse(name, variable, env[variable])
        values.update({name: value for name, value in overrides.items() if value is not None})
        config = cls(core=Settings.from_environ(env), **values)
        config.check()
        return config

    @property
    def beyond_loopback(self) -> bool:
        return not is_loopback(self.host)

    def check(self) -> None:
        """Refuse what cannot be safe: several hosts on one SQLite file, an address that is none."""
        if self.queue_url and not self.core.database_url:
            raise SetupError(
                "STASHAI_QUEUE_URL names a queue for several machines, but the ledger is SQLite in the data folder.",
                code="unsafe-settings",
                remedy="Set STASHAI_DATABASE_URL to a PostgreSQL database, or leave STASHAI_QUEUE_URL empty.",
            )
        if self.core.database_url and urlsplit(self.core.database_url).scheme not in ("postgresql", "postgres"):
            raise SetupError(
                "STASHAI_DATABASE_URL names no PostgreSQL database.",
                code="unsafe-settings",
                remedy="Write it as postgresql://user@host/database.",
            )
        named = [("STASH_URL", self.stash_url), ("VISAGE_URL", self.visage_url)]
        named += [("STASHAI_WORKERS", url) for url in self.workers] + [("STASHAI_SERVICE_ORIGINS", url) for url in self.service_origins]
        for name, url in named:
            if url and urlsplit(url).scheme not in ("http", "https"):
                raise SetupError(f"{name} is {url!r}, which is no http(s) address.", code="unsafe-settings")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens on `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _parse(name: str, variable: str, text: str) -> Any:
    try:
        return _PARSERS.get(name, str)(text)
    except ValueError as error:
        raise SetupError(f"{variable} is {text!r}: {error}.", code="unsafe-settings", remedy="Correct or unset it.") from error


def _folders(text: str) -> tuple[Path, ...]:
    return tuple(Path(part).resolve() for part in text.split(os.pathsep) if part)


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    pairs = []
    for part in filter(None, (piece.strip() for piece in text.split(";"))):
        theirs, equals, ours = part.partition("=")
        if not equals:
            raise ValueError(f"{part!r} is not of the form their-path=our-path")
        pairs.append((theirs.strip(), ours.strip()))
    return tuple(pairs)


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip().rstrip("/") for part in text.split(",") if part.strip())


def _natural(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError("it must not be negative")
    return number


_PARSERS: Mapping[str, Any] = {
    "media": _folders,
    "path_map": _pairs,
    "service_origins": _list,
    "workers": _list,
    "cors_origins": _list,
} | dict.fromkeys(("port", "max_body", "max_upload", "spool_hours", "rate", "slots", "idle_minutes", "retention_days"), _natural)
