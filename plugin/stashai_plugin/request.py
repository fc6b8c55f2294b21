"""One call by Stash: its arguments, checked, and the folders that belong to it. Standard library only."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stashai.errors import StashAIError, UsageError
from stashai.hostlog import HostLog

if TYPE_CHECKING:
    from stashai.settings import Settings

PLUGIN_ID = "stashai"
KINDS = ("scene", "image", "gallery")
"""What people are looked for in."""
DATA = "stashai-data"
DEVELOPMENT = "dev"
MAX_ROWS = 1000


class ReloadError(StashAIError):
    """The page was loaded before an update of the plugin, or this process began before it."""

    code = "reload"

    def __init__(self) -> None:
        super().__init__("StashAI was updated.", remedy="Reload this page.")


class Request:
    """`arguments` are the call's, `connection` is Stash's address, `plugin_dir` where the code lies."""

    def __init__(self, arguments: Mapping[str, Any], connection: Mapping[str, Any], plugin_dir: Path, log: HostLog) -> None:
        self.arguments, self.connection, self.plugin_dir, self.log = arguments, connection, plugin_dir, log
        self.began, self._began_as = time.monotonic(), self.version
        self.config_dir = Path(str(connection.get("Dir") or "."))

    @classmethod
    def read(cls, document: bytes, plugin_dir: Path, log: HostLog) -> Request:
        """Raises UsageError for anything but what Stash sends."""
        try:
            value = json.loads(document or b"{}")
        except ValueError as error:
            raise UsageError("Stash sent no JSON.") from error
        # Run by hand, {"op": "health"} alone is enough.
        arguments = value.get("args", value) if isinstance(value, dict) else None
        connection = value.get("server_connection", {}) if isinstance(value, dict) else None
        if not isinstance(arguments, dict) or not isinstance(connection, dict):
            raise UsageError("Stash sent something else than a JSON object.")
        return cls(arguments, connection, plugin_dir, log)

    # folders ---------------------------------------------------------------------------------------------------------

    @property
    def home(self) -> Path:
        """Where settings.json lies: always below Stash's config folder."""
        return self.config_dir / DATA

    @property
    def data(self) -> Path:
        """All state: `home`, or the folder of the settings."""
        chosen = self.saved_settings().get("data_folder")
        return Path(chosen) if isinstance(chosen, str) and chosen else self.home

    @property
    def locks(self) -> Path:
        """The lock files of the dependencies: beside main.py in a zip, at the root of a checkout."""
        own = self.plugin_dir / "locks"
        return own if own.is_dir() else self.plugin_dir.parent / "locks"

    def saved_settings(self) -> dict[str, Any]:
        """The settings as they were last saved through our form: a copy in a file, for what must not ask Stash."""
        try:
            value = json.loads((self.home / "settings.json").read_bytes())
        except (OSError, ValueError):
            return {}
        return value if isinstance(value, dict) else {}

    def library_settings(self) -> Settings:
        """The library's settings for this Stash."""
        from stashai.settings import Settings, available_cores

        return Settings(data=self.data, models=self.data / "models", cores=available_cores())

    # version ---------------------------------------------------------------------------------------------------------

    @property
    def version(self) -> str:
        try:
            return (self.plugin_dir / "version.txt").read_text(encoding="ascii").strip()
        except OSError:
            return DEVELOPMENT

    def was_replaced(self, error: Exception) -> bool:
        """Whether an update is why this happened: a part of ours could not be imported, or is another version's than what was imported
        before, and whatever comes of that says nothing."""
        missing = isinstance(error, ImportError) and (error.name or "").partition(".")[0] in ("stashai", "stashai_plugin")
        return missing or self.version != self._began_as

    def version_fits(self) -> bool:
        """Calls of our pages carry the version they were loaded with; tasks and calls by hand carry none."""
        theirs = self.arguments.get("v")
        return theirs is None or self.version == DEVELOPMENT or theirs == self.version

    # arguments -------------------------------------------------------------------------------------------------------

    def text(self, name: str, default: str | None = None, longest: int = 4096) -> str:
        value = self.arguments.get(name, default)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or len(value) > longest:
            raise UsageError(f"{name} must be a text of at most {longest} characters.")
        return value

    def optional_text(self, name: str) -> str | None:
        return None if self.arguments.get(name) in (None, "") else self.text(name)

    def stash_id(self, name: str) -> str:
        """An id of Stash's: digits."""
        value = self.text(name, longest=20)
        if not value.isascii() or not value.isdigit():
            raise UsageError(f"{name} must be an id of Stash's, not {value!r}.")
        return value

    def choice(self, name: str, allowed: tuple[str, ...], default: str | None = None) -> str:
        value = self.text(name, default)
        if value not in allowed:
            raise UsageError(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")
        return value

    def number(self, name: str, default: float | None = None, low: float = 0.0, high: float = 1e9) -> float:
        value = self.arguments.get(name, default)
        if isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                value = None
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise UsageError(f"{name} must be a number from {low:g} to {high:g}.")
        return float(value)

    def page(self) -> int:
        """Pages count from 1."""
        return int(self.number("page", 1, 1, 1e6))

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.arguments.get(name, default)
        return value if isinstance(value, bool) else str(value).lower() in ("true", "1")

    def rows(self, name: str) -> list[dict[str, Any]]:
        value = self.arguments.get(name)
        if not isinstance(value, list) or len(value) > MAX_ROWS or not all(isinstance(row, dict) for row in value):
            raise UsageError(f"{name} must be a list of at most {MAX_ROWS} objects.")
        return value
