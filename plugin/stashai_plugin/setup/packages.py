"""The set-up's packages: the lock's wheels by pip into a folder made aside; its failures told with what to do about them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from stashai.errors import SetupError

from ..said import Said
from .state import write_progress

PACKAGES_SHARE = 0.8
"""The part of the progress bar that packages take; models take the rest."""
EXPECTED_MB = 132.0
_DOWNLOADING = re.compile(r"Downloading \S+ \(([\d.]+) (kB|MB)\)")
_OFFLINE = ("NewConnectionError", "Name or service not known", "Temporary failure in name", "ConnectTimeout", "ProxyError", "Max retries")
_USING = re.compile(r"(?:Using cached|Processing) \S+\.whl")


def install(lock: Path, folder: Path, data: Path) -> None:
    """The lock's packages into `folder`, made aside and renamed when it is whole. Raises SetupError with the remedy."""
    aside = folder.with_name(folder.name + ".part")
    shutil.rmtree(aside, ignore_errors=True)
    aside.parent.mkdir(parents=True, exist_ok=True)
    cache = data / "runtime" / ".pip-cache"
    command = [
        *pip_command(), "install", "--target", str(aside), "--requirement", str(lock), "--require-hashes", "--no-deps",
        "--only-binary", ":all:", "--no-input", "--disable-pip-version-check", "--progress-bar", "off", "--cache-dir", str(cache),
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONNOUSERSITE": "1", "PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0", "PYTHONPATH": ""}
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", env=environment
    )
    lines = list(_watched(process, data))
    if process.wait() != 0:
        shutil.rmtree(aside, ignore_errors=True)
        raise _why(lines, data)
    aside.replace(folder)
    shutil.rmtree(cache, ignore_errors=True)


def pip_command() -> list[str]:
    """How to call pip here: as a module, or out of the wheel that Python itself brings."""
    if find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    bundled = find_spec("ensurepip")
    for folder in (bundled.submodule_search_locations or ()) if bundled else ():
        for wheel in sorted(Path(folder, "_bundled").glob("pip-*.whl")):
            return [sys.executable, str(wheel / "pip")]
    raise SetupError(
        "This Python has no pip.",
        remedy="Install it (apk add py3-pip, apt install python3-pip), or set another Python under Settings, System.",
        code="no-pip",
    )


def _watched(process: subprocess.Popen[str], data: Path) -> Iterator[str]:
    """pip's lines, with our progress kept up by the sizes that it names."""
    arrived = 0.0
    assert process.stdout is not None  # noqa: S101 - it was asked for
    for line in process.stdout:
        text = line.strip()
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
        found = _DOWNLOADING.search(text)
        if found:
            arrived += float(found[1]) * (1.0 if found[2] == "MB" else 0.001)
        if found or _USING.search(text) or text.startswith("Installing"):
            fraction = min(0.98, arrived / EXPECTED_MB) * PACKAGES_SHARE
            unpacking = text.startswith("Installing")
            arrival = Said("packages-mb", f"Fetching packages: {arrived:.0f} MB", {"mb": round(arrived)})
            write_progress(data, Said("unpacking", "Unpacking packages") if unpacking else arrival, fraction=fraction)
        yield text


def _why(lines: list[str], data: Path) -> SetupError:
    """pip's failure as one sentence with what to do about it."""
    text = "\n".join(lines[-40:])
    if "No space left" in text or "Errno 28" in text:
        return SetupError(
            f"The disk of {data} is full.", remedy="Make room and start again.", code="disk-full", params={"folder": str(data)}
        )
    if any(sign in text for sign in _OFFLINE):
        return SetupError(
            "The package registry (pypi.org) cannot be reached.",
            remedy="Go online, or set PIP_INDEX_URL for Stash to a mirror.",
            code="offline",
        )
    if "No matching distribution" in text or "Could not find a version" in text:
        wanted = next((line for line in lines if "No matching distribution" in line), "a package").partition("for ")[2]
        return SetupError(
            f"There is no ready-made package of {wanted or 'a part'} for this Python.",
            remedy="Set another Python (3.11 to 3.14) under Settings, System, or pair StashAI with a worker.",
            code="no-wheel",
            params={"package": wanted},
        )
    last = next((line for line in reversed(lines) if line.startswith("ERROR")), lines[-1] if lines else "no message")
    return with_log(f"pip could not install the packages: {last}", "pip", data, line=last)


def with_log(message: str, code: str, data: Path, **params: str) -> SetupError:
    """What only the log explains."""
    log = str(data / "setup.log")
    return SetupError(message, remedy=f"See {log}.", code=code, params={"log": log, **params})
