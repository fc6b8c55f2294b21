"""The fake itself: library, plugins, queue, sessions, and the HTTP server in front of them."""

from __future__ import annotations

import os
import secrets
import ssl
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from graphql import GraphQLError, build_schema

from .http import Server
from .jobs import Job, JobQueue
from .library import Library
from .manifest import Manifest
from .process import Answer, Log, PluginProcess

SCHEMA = Path(__file__).with_name("schema.graphql")


class FakeStash:
    """Starts serving on 127.0.0.1 when entered. `config` is the config folder; plugins lie in `config`/plugins."""

    def __init__(
        self, config: Path, *, python: str = sys.executable, username: str = "", api_key: str = "", session_age: int = 3600,
        port: int = 0, tls: ssl.SSLContext | None = None,
    ) -> None:  # fmt: skip
        self.config, self.python, self.username, self.api_key, self.session_age = config, python, username, api_key, session_age
        self.cwd = config
        self.language = "en-GB"
        self.scan_seconds = 0.5
        self.library = Library()
        self.schema = build_schema(SCHEMA.read_text(encoding="utf-8"))
        self.log = Log()
        self.jobs = JobQueue()
        self.plugins: dict[str, Manifest] = {}
        self.plugin_settings: dict[str, dict[str, Any]] = {}
        self.faults: Counter[str] = Counter()
        """How many of the next calls of a kind fail: "write" (the database is locked), "login" (sent to the login page)."""
        self.requests: Counter[str] = Counter()
        self.queries: list[tuple[str, dict[str, Any]]] = []
        self.processes: list[PluginProcess] = []
        self._sessions: dict[str, float] = {}
        self._lock = threading.Lock()
        (config / "plugins").mkdir(parents=True, exist_ok=True)
        self.server = Server(self, port, tls)

    def __enter__(self) -> FakeStash:
        self.load_plugins()
        self.server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.jobs.close()
        for process in self.processes:
            process.kill()
        self.server.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    # sessions --------------------------------------------------------------------------------------------------------

    def new_session(self) -> str:
        with self._lock:
            token = secrets.token_hex(16)
            self._sessions[token] = time.time() + self.session_age
        return token

    def session_is_valid(self, token: str | None) -> bool:
        return token is not None and self._sessions.get(token, 0.0) > time.time()

    def renew(self) -> str:
        """A cookie of Stash's is signed content with a date: each answer carries a new one."""
        return self.new_session()

    def expire_sessions(self) -> None:
        with self._lock:
            self._sessions.clear()

    def fault(self, kind: str) -> None:
        if self.faults[kind] > 0:
            self.faults[kind] -= 1
            raise GraphQLError("database is locked")

    # plugins ---------------------------------------------------------------------------------------------------------

    def load_plugins(self) -> None:
        """Any .yml below the plugins folder is a plugin; one that cannot be read is left out and logged."""
        enabled = {name: manifest.enabled for name, manifest in self.plugins.items()}
        self.plugins = {}
        folders = os.walk(self.config / "plugins", followlinks=True)
        for path in sorted(Path(folder, name) for folder, _, names in folders for name in names if name.endswith(".yml")):
            try:
                manifest = Manifest.read(path)
            except ValueError as error:
                self.log.add("error", str(error))
                continue
            manifest.enabled = enabled.get(manifest.id, True)
            self.plugins[manifest.id] = manifest

    def _document(self, manifest: Manifest, arguments: dict[str, Any], cookie: str | None = None) -> dict[str, Any]:
        folder = manifest.path.parent.relative_to(self.cwd) if manifest.path.is_relative_to(self.cwd) else manifest.path.parent
        session = {"Name": "session", "Value": cookie or self.new_session(), "Path": "", "Domain": "", "MaxAge": 0}
        connection = {
            "Scheme": "http", "Host": "0.0.0.0", "Port": self.server.port, "SessionCookie": session,
            "Dir": str(self.config), "PluginDir": str(folder),
        }  # fmt: skip
        return {"server_connection": connection, "args": arguments}

    def _start(self, manifest: Manifest, extra: list[str]) -> PluginProcess:
        folder = manifest.path.parent
        relative = str(folder.relative_to(self.cwd)) if folder.is_relative_to(self.cwd) else str(folder)
        program, *rest = [str(part) for part in manifest.document["exec"]] + extra
        python = program in ("python", "python3")
        command = [self.python if python else program, *(part.replace("{pluginDir}", relative) for part in rest)]
        process = PluginProcess(command, folder, self.cwd, python)
        self.processes.append(process)
        return process

    def run_operation(self, plugin_id: str, arguments: dict[str, Any], cookie: str | None = None) -> Any:
        """Runs at once, beside whatever runs. An error becomes a GraphQL error."""
        manifest = self.plugins[plugin_id]
        if not manifest.enabled:
            raise GraphQLError(f"plugin {plugin_id} is disabled")
        answer = self._start(manifest, []).run(self._document(manifest, arguments, cookie), self.log, lambda _: None)
        if answer.error:
            raise GraphQLError(answer.error)
        return answer.output

    def run_task(self, plugin_id: str, name: str | None, description: str | None, arguments: dict[str, Any]) -> int:
        def work(job: Job) -> None:
            manifest = self.plugins.get(plugin_id)
            task = manifest.task(name) if manifest and name else None
            if manifest is None or (name and task is None):
                raise ValueError(f"no plugin task {plugin_id}/{name}")
            merged = {**((task or {}).get("defaultArgs") or {}), **arguments}
            process = self._start(manifest, list((task or {}).get("execArgs") or ()))
            job.kill = process.kill
            answer = process.run(self._document(manifest, merged), self.log, lambda value: setattr(job, "progress", value))
            if answer.error:
                self.log.add("error", answer.error)

        return self.jobs.add(f"Running plugin task: {description or name}", work)

    def fire(self, kind: str, number: int, operation: str = "Create", values: dict[str, Any] | None = None) -> list[Answer]:
        """Runs the hooks of `<Kind>.<operation>.Post` one after the other, as Stash does before it answers a mutation."""
        trigger = f"{kind.capitalize()}.{operation}.Post"
        answers = []
        for manifest in self.plugins.values():
            for hook in manifest.hooks:
                if manifest.enabled and trigger in hook["triggeredBy"]:
                    context = {"id": number, "type": trigger, "input": values, "inputFields": sorted(values or {})}
                    arguments = {**(hook.get("defaultArgs") or {}), "hookContext": context}
                    answers.append(self._start(manifest, []).run(self._document(manifest, arguments), self.log, lambda _: None))
        return answers
