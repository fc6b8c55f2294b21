"""The settings as they are kept: one JSON string in Stash's plugin settings, a copy in a file for what must not ask Stash, and the
worker's token in a file of its own that never comes back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from stashai.client import TOKEN_FILE, write_token
from stashai.errors import UsageError
from stashai.replacing import moved_into_place

from ..gateway import gateway
from ..request import PLUGIN_ID, Request
from ..setup.state import SetupNeededError
from .fields import checked, usable

KEY = "settings"


def settings(request: Request) -> dict[str, Any]:
    """The settings with `worker.has_token` for the form."""
    return shown(request, load(request))


def shown(request: Request, values: Mapping[str, Any]) -> dict[str, Any]:
    has_token = (request.home / TOKEN_FILE).is_file()
    return {**values, "worker": {**values["worker"], "has_token": has_token}, "data_folder": values["data_folder"] or str(request.home)}


def load(request: Request) -> dict[str, Any]:
    """What Stash keeps, completed by defaults; a value that cannot be used falls back to its default. Refreshes the copy."""
    try:
        text = gateway(request).plugin_settings(PLUGIN_ID).get(KEY)
    except SetupNeededError:
        text = None
    try:
        # Saved before the set-up, when Stash could not be asked yet: the copy is all there is.
        saved = json.loads(text) if isinstance(text, str) and text else request.saved_settings()
    except ValueError:
        saved = {}
    values = usable(saved if isinstance(saved, dict) else {})
    _copy(request.home, values)
    return values


def cached(request: Request) -> dict[str, Any]:
    """The copy: what the last form or operation saw."""
    return usable(request.saved_settings())


def save_settings(request: Request) -> dict[str, Any]:
    """Check and keep what the form sends. Raises UsageError naming the field."""
    sent = request.arguments.get("settings")
    if not isinstance(sent, dict):
        raise UsageError("settings must be an object.")
    merged = checked({**load(request), **sent}, request)
    _copy(request.home, merged)
    with suppress(SetupNeededError):  # without the package that asks Stash the copy beside the data is kept until there is one
        gateway(request).save_plugin_settings(PLUGIN_ID, {KEY: json.dumps(merged, sort_keys=True)})
    return shown(request, merged)


def set_token(request: Request) -> dict[str, Any]:
    """Write-only: an empty token removes it."""
    write_token(request.home, request.text("token", longest=500).strip())
    return {"has_token": (request.home / TOKEN_FILE).is_file()}


def _copy(home: Path, values: Mapping[str, Any]) -> None:
    target = home / "settings.json"
    text = json.dumps(values, sort_keys=True)
    if target.is_file() and target.read_text(encoding="utf-8") == text:
        return
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    moved_into_place(target, lambda partial: partial.write_text(text, encoding="utf-8"))
