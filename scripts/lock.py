"""Writes locks/: every version and hash that an installation may have, for all platforms and Pythons at once.

    python scripts/lock.py            resolve anew, as new as pyproject.toml allows

Needs uv. One resolution of everything comes first and constrains each lock, so that groups can be added to one
environment without moving a version under a running process.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS: dict[str, tuple[str, ...]] = {
    # what ./stashai installs; the ncnn twin where onnxruntime has no wheel (musl, Intel Macs)
    "core": ("--extra", "accelerated", "--extra", "cli"),
    "core-ncnn": ("--extra", "ncnn", "--extra", "cli"),
    # what the plugin installs beside Stash
    "plugin": ("--extra", "accelerated"),
    "plugin-ncnn": ("--extra", "ncnn"),
    # added when a command needs them
    "worker": ("--extra", "worker"),
    "test": ("--extra", "cli", "--extra", "worker", "--group", "test"),
    "test-ncnn": ("--extra", "ncnn", "--extra", "cli", "--group", "test-ncnn"),
    "bench": ("--extra", "cli", "--group", "bench"),
}
ADDED = {"gpu": ("--only-group", "gpu")}
"""Put into an environment of the others in place of what is there; resolved after them, as it may lag behind."""
ALONE = {"dlib": ("--only-group", "dlib")}
"""Locks of environments of their own, resolved apart."""

OVERRIDES = "dlib ; sys_platform == 'never'\n"
"""dlib-bin is dlib, without the hour of compiling."""


def resolve(uv: str, options: tuple[str, ...], target: Path, constraint: Path | None) -> None:
    """One universal lock with hashes; raises CalledProcessError with uv's own message when nothing fits."""
    source = () if "--only-group" in options else ("pyproject.toml",)
    groups = tuple("--group" if part == "--only-group" else part for part in options)
    limits = ("--constraint", str(constraint)) if constraint else ()
    overrides = target.with_name("overrides.tmp")
    overrides.write_text(OVERRIDES, encoding="utf-8")
    command = [
        *(uv, "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes", "--upgrade"),
        *("--no-annotate", "--no-emit-index-url", "--custom-compile-command", "python scripts/lock.py"),
        *(*source, *groups, *limits, "--overrides", str(overrides), "--output-file", str(target)),
    ]
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "UV_NO_CONFIG": "1"})
    overrides.unlink()


def versions_only(lock: Path) -> str:
    """The lock's pins without hashes, as a constraint."""
    lines = lock.read_text(encoding="utf-8").splitlines()
    return "\n".join(line.rstrip(" \\") for line in lines if line and not line.startswith((" ", "#"))) + "\n"


def main() -> int:
    uv = shutil.which("uv")
    if uv is None:
        print("scripts/lock.py needs uv: https://docs.astral.sh/uv/", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        everything, pins = Path(folder, "all.txt"), Path(folder, "pins.txt")
        union = tuple(dict.fromkeys(zip(*[iter([part for o in LOCKS.values() for part in o])] * 2, strict=True)))
        resolve(uv, tuple(part for pair in union for part in pair), everything, None)
        pins.write_text(versions_only(everything), encoding="utf-8")
        for name, options in LOCKS.items():
            resolve(uv, options, ROOT / "locks" / f"{name}.txt", pins)
        for name, options in ADDED.items():
            resolve(uv, options, ROOT / "locks" / f"{name}.txt", pins)
    for name, options in ALONE.items():
        resolve(uv, options, ROOT / "locks" / f"{name}.txt", None)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
