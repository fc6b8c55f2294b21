"""From a bare checkout to a running command: is the environment ready? Then run in it; make it first when it is not."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from installed import environment_folder, missing, needed, path_of, python_of


def main(root: str, arguments: Sequence[str]) -> int:
    """Run `python -m stashai.cli` in the environment, made or completed first. Returns the exit status."""
    open_streams()
    folder, groups = environment_folder(root), needed(arguments)
    if missing(root, folder, groups):
        import environment

        status = environment.make(root, folder, groups, as_json="--json" in arguments)
        if status:
            return status
    if os.environ.get("STASHAI_VENV"):
        os.environ["PYTHONPATH"] = path_of(root)
    # Weights and graphs in large pages take a twentieth less processor time; other C libraries than glibc do not read it
    os.environ.setdefault("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1")
    # -P: whatever folder the user is in, its files are never taken for our modules
    command = [python_of(folder), "-P", "-m", "stashai.cli", *arguments]
    # compiling our own modules at every start would cost more than the start itself
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if os.name == "nt":
        return run_as_child(command)
    if sys.stdout is not None:  # closed by whoever started us
        sys.stdout.flush()
    os.execv(command[0], command)


def open_streams() -> None:
    """A standard stream that whoever started us had closed leads nowhere, instead of into the first file that is opened."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)


def run_as_child(command: Sequence[str]) -> int:
    """Windows has no exec that keeps the console: wait for the child, and let it answer ctrl-C."""
    import signal
    import subprocess

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return subprocess.call(command)
