"""The command line as a user runs it: a process of its own, real networks, public portraits, a data folder of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from stashai.demo import KNOWN, fetch_pictures, lay_out
from stashai.errors import SetupError
from stashai.settings import Settings

SHARED = Path(__file__).resolve().parents[3] / "shared"


@pytest.fixture(scope="session")
def pictures() -> dict[str, Path]:
    """The demo's pictures, out of the user's cache or the package index."""
    try:
        return fetch_pictures(Settings.from_environ())
    except SetupError as error:
        pytest.skip(f"the public portraits are out of reach: {error}")


@pytest.fixture(scope="session")
def clip(pictures: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return next(path for path in lay_out(tmp_path_factory.mktemp("demo"), pictures).media if path.suffix == ".mp4")


@pytest.fixture
def people(pictures: dict[str, Path], tmp_path: Path) -> Path:
    """A people folder: one photograph of each of the demo's known people."""
    folder = tmp_path / "people"
    for name, file in KNOWN.items():
        (folder / name).mkdir(parents=True)
        shutil.copy(pictures[file], folder / name / file)
    return folder


@dataclass(frozen=True, slots=True)
class Ran:
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What is on stdout: one object, and nothing else."""
        return json.loads(self.out)


Command = Callable[..., Ran]


@dataclass(frozen=True, slots=True)
class Line:
    """A command line with a data folder of its own."""

    data: Path

    @property
    def environ(self) -> dict[str, str]:
        return {**os.environ, "STASHAI_DATA": str(self.data), "PYTHONPATH": str(SHARED), "PYTHONUTF8": "1"}

    def start(self, *words: str | os.PathLike[str]) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-P", "-m", "stashai.cli", *words]
        return subprocess.Popen(command, env=self.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)

    def __call__(self, *words: str | os.PathLike[str]) -> Ran:
        process = self.start(*words)
        out, err = process.communicate(timeout=300)
        return Ran(process.returncode, out.decode("utf-8", "surrogateescape"), err.decode("utf-8", "replace"))


@pytest.fixture
def stashai(tmp_path: Path) -> Line:
    return Line(tmp_path / "data")
