"""Where work can run on this machine, and which folder holds what it needs. Standard library only, and cheap.

The dependencies of the plugin lie in `<data>/runtime/<tag>`: the tag changes with Python, libc, architecture and lock, so
that an update of any of them never meets a half-fitting folder.
"""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import dataclass
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

Mode = Literal["local", "worker", "unavailable"]

MODULES = ("numpy", "PIL", "av", "peewee", "pydantic", "scipy", "google.protobuf", "tenacity", "requests")
RUNTIMES = ("onnxruntime", "ncnn")


@dataclass(frozen=True, slots=True)
class Where:
    """`reason` and `remedy` are one sentence each, empty when it works; `code` tells which, for pages in other languages."""

    mode: Mode
    reason: str = ""
    remedy: str = ""
    code: str = ""


def libc() -> str:
    if sys.platform == "win32":
        return "windows"
    if sys.platform == "darwin":
        return "macos"
    return "musl" if any("musl" in suffix for suffix in EXTENSION_SUFFIXES) else "glibc"


def architecture() -> str:
    """x86_64, arm64, armv7l …; the architecture of this Python, not of the kernel."""
    if sys.platform == "win32":
        machine = os.environ.get("PROCESSOR_ARCHITECTURE", "AMD64").lower()
    else:
        machine = os.uname().machine.lower()
    machine = {"amd64": "x86_64", "aarch64": "arm64"}.get(machine, machine)
    return machine if sys.maxsize > 2**32 else {"x86_64": "i686", "arm64": "armv7l"}.get(machine, machine)


def python_tag() -> str:
    return f"cp{sys.version_info[0]}{sys.version_info[1]}"


def runs_onnx() -> bool:
    """Whether onnxruntime has wheels for this Python: none for musl, nor for Intel Macs."""
    return libc() != "musl" and not (libc() == "macos" and architecture() == "x86_64")


def lock_file(folder: Path) -> Path:
    """The lock for this machine among those in `folder`."""
    return folder / ("plugin.txt" if runs_onnx() else "plugin-ncnn.txt")


def runtime_folder(data: Path, lock: Path) -> Path:
    mark = hashlib.sha256(lock.read_bytes()).hexdigest()[:10]
    return data / "runtime" / f"{python_tag()}-{libc()}-{architecture()}-{mark}"


def cannot_run_here() -> Where | None:
    """Why nothing can be installed for this Python, None when it can."""
    if sys.maxsize <= 2**32:
        reason = f"There are no packages for face recognition on 32-bit machines ({architecture()})."
        return Where("unavailable", reason, "Pair StashAI with a worker on another computer in its settings.", "32-bit")
    return None


def importable() -> bool:
    """Whether everything that recognition needs can be imported as sys.path is now."""
    try:
        return all(find_spec(name) is not None for name in MODULES) and any(find_spec(name) is not None for name in RUNTIMES)
    except ModuleNotFoundError:
        return False


def activate(data: Path, locks: Path) -> bool:
    """Put the runtime's folder in front of other packages; whether recognition can be imported now."""
    lock = lock_file(locks)
    if lock.is_file():
        folder = runtime_folder(data, lock)
        if folder.is_dir():
            if str(folder) not in sys.path:
                # Behind the plugin's own folder, before whatever this Python came with.
                sys.path.insert(1, str(folder))
            _mark_used(folder)
            return True
    return importable()


def _mark_used(folder: Path) -> None:
    try:
        (folder / ".used").touch()
    except OSError:
        # A read-only data folder works, too; the mark only keeps an old runtime from being tidied away.
        return


def probe(data: Path, locks: Path) -> Where:
    """Whether recognition can run in this process."""
    blocked = cannot_run_here()
    if blocked is not None:
        return blocked
    if activate(data, locks):
        return Where("local")
    return Where("unavailable", "The packages for face recognition are not installed yet.", "Run the task Set up.", "setup-needed")
