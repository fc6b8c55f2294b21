"""`status`, which open pages ask for every few seconds: standard library only, and within milliseconds."""

from __future__ import annotations

from typing import Any

from ..request import Request
from ..rows import jobs, learned
from ..setup.progress import status as setup_status

SHOWN = 20
ACTIVE = ("pending", "processing")


def status(request: Request) -> dict[str, Any]:
    """The jobs that run, how far learning is, and the set-up when it is at work."""
    rows = [row for row in jobs(request.data, "status IN (?, ?)", ACTIVE, SHOWN) if row["state"] != "paused"]
    answer: dict[str, Any] = {"running": rows, "learned": learned(request.data)}
    setup = setup_status(request)
    if setup["state"] == "running":
        answer["setup"] = {key: setup[key] for key in ("state", "fraction", "message", "said")}
    return answer
