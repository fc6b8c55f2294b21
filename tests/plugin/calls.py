"""Calls of operations in this process: the document that Stash would send, and a data folder that is set up."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from tests.fakes.fake_stash import FakeStash

from stashai.hostlog import HostLog
from stashai.settings import Settings
from stashai_plugin.host.bench import Bench
from stashai_plugin.preferences.saved import save_settings
from stashai_plugin.request import Request

PLUGIN = Path(__file__).resolve().parents[2] / "plugin"


class Calls:
    def __init__(self, stash: FakeStash) -> None:
        self.stash = stash
        self.data = stash.config / "stashai-data"
        self.log = io.StringIO()

    def set_up(self) -> None:
        """As after a set-up: this Python has the packages, and the models are those of this user's cache."""
        self.data.mkdir()
        models = Settings.from_environ().models
        models.mkdir(parents=True, exist_ok=True)
        (self.data / "models").symlink_to(models)
        (self.data / "setup.json").write_text(json.dumps({"state": "done", "models": "ready"}))

    def request(self, **arguments: Any) -> Request:
        connection = {
            "Scheme": "http", "Host": "127.0.0.1", "Port": self.stash.server.port, "Dir": str(self.stash.config),
            "SessionCookie": {"Name": "session", "Value": self.stash.new_session()},
        }  # fmt: skip
        return Request(arguments, connection, PLUGIN, HostLog(self.log))

    def bench(self) -> Bench:
        return Bench(self.request())

    def save(self, **settings: Any) -> None:
        save_settings(self.request(settings=settings))
