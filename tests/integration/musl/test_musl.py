"""The same code in a Python linked against musl, as in Stash's own image: ncnn instead of ONNX Runtime, exact search.

STASHAI_MUSL_PYTHON names such a Python (.ci/run builds one where it can); its environment is kept in the user's cache.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stashai.demo import fetch_pictures, lay_out
from stashai.errors import SetupError
from stashai.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
PYTHON = os.environ.get("STASHAI_MUSL_PYTHON", "")
SAME_CODE = ("tests/unit/matching", "tests/unit/media", "tests/unit/processing", "tests/unit/report", "tests/unit/tracking")

pytestmark = pytest.mark.skipif(not PYTHON, reason="STASHAI_MUSL_PYTHON names no musl Python")


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stashai-ci" / "musl-venv"
    cache.parent.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    return {**kept, "STASHAI_VENV": str(cache), "STASHAI_DATA": str(tmp_path_factory.mktemp("musl-data"))}


def launched(environ: dict[str, str], *words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PYTHON, str(ROOT / "stashai"), *words], env=environ, capture_output=True, text=True, timeout=900, check=False)


def names(answer: Any) -> dict[str, list[str]]:
    return {item["path"]: sorted(person["name"] for person in item["people"]) for item in answer["items"]}


def test_it_infers_by_ncnn_and_names_the_same_people(environ: dict[str, str], tmp_path: Path) -> None:
    try:
        shown = lay_out(tmp_path, fetch_pictures(Settings.from_environ()))
    except SetupError as error:
        pytest.skip(f"the public portraits are out of reach: {error}")
    words: tuple[str | Path, ...] = ("identify", "--json", "--people", shown.people, *shown.media)
    there = launched(environ, *words)
    assert there.returncode == 0, there.stderr
    own = {**os.environ, "STASHAI_DATA": str(tmp_path / "data"), "PYTHONPATH": str(ROOT / "shared")}
    command = [sys.executable, "-P", "-m", "stashai.cli", *map(str, words)]
    here = subprocess.run(command, env=own, capture_output=True, text=True, timeout=300, check=True)
    assert names(json.loads(there.stdout)) == names(json.loads(here.stdout))
    doctor = json.loads(launched(environ, "doctor", "--json").stdout)
    assert any("ncnn" in check["detail"] for check in doctor["checks"])


def test_the_same_tests_pass(environ: dict[str, str]) -> None:
    ran = launched(environ, "test", "--only", "pytest", "-p", "no:cacheprovider", *SAME_CODE)
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
    assert " passed" in ran.stdout
