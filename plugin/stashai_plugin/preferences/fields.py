"""Each field of the settings: its default and what it may be."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stashai.client import checked_address
from stashai.errors import UsageError

from ..request import Request

DEFAULTS: dict[str, Any] = {
    "run_on": "auto",
    "worker": {"address": ""},
    "suggest_from": 0.5,
    "add_from": 0.95,
    "auto_from": None,
    "profile": "balanced",
    "learn": {"performer_images": True, "tagged_images": False, "scenes": False},
    "data_folder": "",
    "wait": False,
}
"""`suggest_from`: names below it are not shown; `add_from`: ticked from here on; `auto_from`: added without asking from here on,
None for never; `wait`: tasks stay until the worker is done."""


def wants_worker(preferences: Mapping[str, Any]) -> bool:
    """Whether a worker is paired and may do it."""
    return preferences["run_on"] != "local" and bool(preferences["worker"]["address"])


def only_on_worker(preferences: Mapping[str, Any]) -> bool:
    return bool(preferences["run_on"] == "worker")


def usable(saved: Mapping[str, Any]) -> dict[str, Any]:
    """`saved` over the defaults, field by field, each only when it passes."""
    values = {key: dict(value) if isinstance(value, dict) else value for key, value in DEFAULTS.items()}
    for key in DEFAULTS:
        if key in saved:
            try:
                values[key] = _CHECKS[key](saved[key])
            except UsageError:
                continue
    return values


def checked(sent: Mapping[str, Any], request: Request) -> dict[str, Any]:
    """Every field passed through its check. Raises UsageError."""
    values = {key: _CHECKS[key](sent.get(key, default)) for key, default in DEFAULTS.items()}
    if values["auto_from"] is not None and values["auto_from"] < values["add_from"]:
        raise UsageError("Names are added without asking only from a limit that is not below the one for ticking.", code="limits-crossed")
    if values["data_folder"] in (str(request.home), ""):
        values["data_folder"] = ""
    else:
        _writable(Path(values["data_folder"]), request)
    return values


def _writable(folder: Path, request: Request) -> None:
    plugins, named = request.plugin_dir, {"folder": str(folder)}
    if not folder.is_absolute():
        raise UsageError("The data folder must be an absolute path.", code="folder-relative")
    if folder == plugins or folder.is_relative_to(plugins):
        raise UsageError(
            "The data folder must not lie in the plugin's folder: an update would take it for its own.", code="folder-in-plugin"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise UsageError(f"{folder} cannot be made: {error.strerror or error}.", code="no-folder", params=named) from error
    if not os.access(folder, os.W_OK):
        raise UsageError(f"{folder} cannot be written.", code="no-folder", params=named)


def _choice(*allowed: str) -> Any:
    def check(value: object) -> str:
        if value not in allowed:
            raise UsageError(f"{value!r} is not one of {', '.join(allowed)}.")
        return str(value)

    return check


def _probability(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value <= 1.0:
        raise UsageError(f"A limit is a number from 0 to 1, not {value!r}.")
    return float(value)


def _optional_probability(value: object) -> float | None:
    return None if value is None else _probability(value)


def _worker(value: object) -> dict[str, str]:
    address = value.get("address", "") if isinstance(value, dict) else None
    if not isinstance(address, str):
        raise UsageError("worker.address must be a text.")
    return {"address": checked_address(address) if address.strip() else ""}


def _learn(value: object) -> dict[str, bool]:
    default = DEFAULTS["learn"]
    if not isinstance(value, dict) or any(not isinstance(value.get(key, False), bool) for key in default):
        raise UsageError("learn must say true or false for each source.")
    return {key: bool(value.get(key, default[key])) for key in default}


def _folder(value: object) -> str:
    if not isinstance(value, str) or len(value) > 4096:
        raise UsageError("data_folder must be a path.")
    return value.strip()


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise UsageError(f"Yes or no is true or false, not {value!r}.")
    return value


_CHECKS: dict[str, Any] = {
    "run_on": _choice("auto", "local", "worker"),
    "worker": _worker,
    "suggest_from": _probability,
    "add_from": _probability,
    "auto_from": _optional_probability,
    "profile": _choice("fast", "balanced", "thorough"),
    "learn": _learn,
    "data_folder": _folder,
    "wait": _flag,
}
