"""What the environment must hold for a command, and what it holds: the locks, and the stamps that say which are installed.

Standard library only, and as little of it as possible: it is read at every start.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Sequence
from importlib.machinery import EXTENSION_SUFFIXES

GROUPS = {"test": ("worker", "bench", "test"), "worker": ("worker",), "bench": ("worker", "bench")}
"""What a command needs beyond `core`: a lock of that name is added to the environment the first time."""
PACKAGES = ("shared", "worker")
"""The checkout's folders that hold its packages."""


def needed(arguments: Sequence[str]) -> tuple[str, ...]:
    """The groups that the command among `arguments` needs, `core` first."""
    command = next((a for a in arguments if not a.startswith("-")), "")
    return ("core", *GROUPS.get(command, ()))


def runs_onnx() -> bool:
    """Whether onnxruntime has wheels for this Python: it has none for musl, nor for Intel Macs."""
    if sys.platform == "darwin":
        return os.uname().machine == "arm64"
    return not any("musl" in suffix for suffix in EXTENSION_SUFFIXES)


def lock_path(root: str, group: str, onnx: bool | None = None) -> str:
    """The lock of `group` for this machine: its ncnn twin where there is one and onnxruntime cannot be installed."""
    twin = os.path.join(root, "locks", f"{group}-ncnn.txt")
    alone = not (runs_onnx() if onnx is None else onnx) and os.path.exists(twin)
    return twin if alone else os.path.join(root, "locks", f"{group}.txt")


def key(root: str, group: str) -> str:
    """What the stamp of an up-to-date group says: the lock's name and the hash of what it holds."""
    lock = lock_path(root, group)
    with open(lock, "rb") as file:
        return f"{os.path.basename(lock)} {hashlib.sha256(file.read()).hexdigest()}"


def environment_folder(root: str) -> str:
    """`.venv` in the checkout, or STASHAI_VENV where the checkout cannot be written or is shared by unlike machines."""
    return os.environ.get("STASHAI_VENV") or os.path.join(root, ".venv")


def path_of(root: str) -> str:
    """PYTHONPATH for a process of this checkout, and for its children, in an environment that other checkouts may use, too."""
    theirs = os.environ.get("PYTHONPATH")
    return os.pathsep.join([*(os.path.join(root, name) for name in PACKAGES), *([theirs] if theirs else [])])


def python_of(folder: str) -> str:
    return os.path.join(folder, "Scripts", "python.exe") if os.name == "nt" else os.path.join(folder, "bin", "python")


def missing(root: str, folder: str, groups: Sequence[str]) -> list[str]:
    """The groups whose stamp is not what their lock asks for; all of them when the environment's Python is gone."""
    if not os.path.exists(python_of(folder)):
        return list(groups)
    return [group for group in groups if stamp(folder, group) != key(root, group)]


def stamp(folder: str, group: str) -> str:
    try:
        with open(os.path.join(folder, f"stashai-{group}.stamp"), encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""
