"""The start of the set-up: a detached child, once its sizes and places were accepted."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from stashai.errors import SetupError, UsageError
from stashai.mode import cannot_run_here

from ..request import Request
from ..said import Said
from .progress import status
from .state import SetupNeededError, make_private, read, runtime_is_there, setup_lock, was_accepted, write_failure, write_progress

ROOM_MB = 900
"""Free room that a set-up needs: packages unpacked, packages as they arrive, models, FaceNet."""


def start(request: Request) -> dict[str, Any]:
    """Start the child, or say how far the running one is. Raises SetupError when it cannot work here."""
    if not request.flag("accept"):
        raise UsageError("Set-up starts only when its sizes and places were accepted.")
    launch(request)
    return status(request)


def needed(request: Request) -> SetupNeededError:
    """Why nothing can be done now; a set-up that was accepted before is started again by itself."""
    if not was_accepted(request):
        return SetupNeededError("StashAI is not set up yet.", remedy="Run the task Set up.")
    launch(request)
    return SetupNeededError(
        "Python or StashAI was updated: its packages are being installed again.",
        remedy="Try again in some minutes.",
        params={"again": True},
    )


def launch(request: Request) -> None:
    """Start the child unless one is at work."""
    blocked = cannot_run_here()
    if blocked is not None:
        raise SetupError(blocked.reason, remedy=blocked.remedy, code="unsupported")
    data = request.data
    make_private(data)
    if setup_lock(data).is_taken():
        return
    free = shutil.disk_usage(data).free >> 20
    if free < ROOM_MB and not runtime_is_there(request):
        raise SetupError(
            f"There are {free} MB free in {data}, and {ROOM_MB} MB are needed.",
            remedy="Make room, or choose another data folder in StashAI's settings.",
            code="no-room",
            params={"free": free, "needed": ROOM_MB, "folder": str(data)},
        )
    _spawn(request)


def _spawn(request: Request) -> None:
    """A child that holds no pipe of Stash's and is in no group with us: a stopped task or a closed tab does not end it."""
    command = [sys.executable, str(request.plugin_dir / "main.py"), "setup", str(request.config_dir.absolute())]
    options: dict[str, Any] = {"start_new_session": True}
    if os.name == "nt":
        options = {"creationflags": 0x00000008 | 0x00000200}  # DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP
    write_progress(request.data, Said("starting", "Starting"), state="running", fraction=0.0)
    with (request.data / "setup.log").open("ab") as output:
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, close_fds=True, cwd=request.data, **options)
    if not _begun(request.data):
        log = str(request.data / "setup.log")
        write_failure(request.data, SetupError("The set-up did not start.", remedy=f"See {log}.", code="setup-silent", params={"log": log}))


def _begun(data: Path, patience: float = 10.0) -> bool:
    """Wait until the child holds its lock, so that nobody takes it for a dead one."""
    limit = time.monotonic() + patience
    while time.monotonic() < limit:
        if setup_lock(data).is_taken() or read(data).get("state") in ("done", "failed"):
            return True
        time.sleep(0.05)
    return False
