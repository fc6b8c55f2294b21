"""A private PostgreSQL server for tests: real, on loopback, in a temporary folder, gone with the test run."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

USERS = ("postgres", "nobody")
"""Whom the server runs as when the tests run as root, which PostgreSQL refuses to be."""


def server_folder() -> Path | None:
    """Where `initdb` and `postgres` are; None when there is no server on this machine."""
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in places if (place / "postgres").exists() and (place / "initdb").exists()), None)


class PostgresServer:
    """Started by `start`; `url(schema)` names a database whose tables lie in a schema of their own.

    Its folder is not pytest's: that one is closed to the server's user again by every run of pytest that begins.
    """

    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        self._folder = Path(tempfile.mkdtemp(prefix="stashai-postgres-"))
        self._data = self._folder / "data"
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def started(cls) -> PostgresServer:
        """A new server. Skips the test where there is none, or no driver, and says so."""
        binaries = server_folder()
        if binaries is None:
            pytest.skip("no PostgreSQL server on this machine (Debian: apt install postgresql)")
        if importlib.util.find_spec("psycopg") is None:
            pytest.skip("psycopg is not installed (pip install 'psycopg[binary]')")
        server = cls(binaries)
        server.initialize()
        server.start()
        return server

    def initialize(self) -> None:
        user = _user()
        if user is not None:
            shutil.chown(self._folder, user)
        command = [str(self._binaries / "initdb"), "-D", str(self._data), "-U", "stashai", "--auth=trust", "--no-sync", "-E", "UTF8"]
        subprocess.run([*command, "--locale=C"], check=True, cwd="/", stdout=subprocess.DEVNULL, **_as_user())

    def start(self) -> None:
        command = [str(self._binaries / "postgres"), "-D", str(self._data), "-p", str(self.port), "-h", "127.0.0.1", "-k", "", "-F"]
        log = (self._folder / "log").open("ab")
        self._process = subprocess.Popen(command, cwd="/", stdout=log, stderr=log, **_as_user())
        self._wait()

    def stop(self, *, at_once: bool = False) -> None:
        """Stop it in order, or as a crash would."""
        if self._process is not None:
            self._process.send_signal(3 if at_once else 2)
            self._process.wait(30)
            self._process = None

    def discard(self) -> None:
        """Stop it and remove its folder."""
        self.stop(at_once=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, schema: str) -> str:
        return f"postgresql://stashai@127.0.0.1:{self.port}/postgres?options=-csearch_path%3D{schema}"

    def make_schema(self, schema: str) -> str:
        import psycopg

        with psycopg.connect(f"postgresql://stashai@127.0.0.1:{self.port}/postgres", autocommit=True) as connection:
            connection.execute(f'CREATE SCHEMA "{schema}"'.encode())
        return self.url(schema)

    def _wait(self) -> None:
        import psycopg

        limit = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(f"postgresql://stashai@127.0.0.1:{self.port}/postgres").close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > limit:
                    raise
                time.sleep(0.05)


def _user() -> str | None:
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return None
    import pwd

    names = {entry.pw_name for entry in pwd.getpwall()}
    return next((user for user in USERS if user in names), None)


def _as_user() -> dict[str, Any]:
    user = _user()
    if user is None:
        return {}
    import pwd

    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
