"""Set up, and the check of every part."""

from __future__ import annotations

import importlib
import time

from stashai.errors import SetupError
from stashai.mode import activate

from ..host.bench import Bench, infers
from ..page.health import health
from ..preferences.fields import wants_worker
from ..preferences.saved import cached
from ..request import Request
from ..setup.progress import status
from ..setup.start import launch
from ..setup.state import SetupNeededError, is_ready, was_accepted
from .task import closing

POLL = 2.0
"""Seconds between two looks at how the set-up goes."""


def set_up(request: Request) -> str:
    """Set everything up and wait for it, with progress."""
    if is_ready(request):
        return closing(request, "StashAI is set up.")
    launch(request)
    while True:
        now = status(request)
        request.log.progress(now["fraction"])
        if now["state"] == "done":
            return closing(request, f"StashAI is set up in {request.data}.")
        if now["state"] != "running":
            raise SetupError(now["message"] or "The set-up ended early.", remedy=now["remedy"], code=now["said"]["code"] or None)
        time.sleep(POLL)


def ready(request: Request) -> None:
    """Wait for the set-up where it was accepted before; a first one is asked for. Raises SetupNeededError."""
    if is_ready(request) or wants_worker(cached(request)):
        return
    if not was_accepted(request):
        raise SetupNeededError("StashAI is not set up yet.", remedy="Run the task Set up.")
    request.log.info("Python or StashAI was updated: its packages are installed again.")
    set_up(request)
    activate(request.data, request.locks)
    importlib.invalidate_caches()


def check(request: Request) -> str:
    """Every part, and in the log what is missing."""
    facts = health(request)
    where = facts["where"]
    request.log.info(f"StashAI {facts['version']} on {facts['python']}, {facts['libc']}, {facts['arch']}; data in {facts['data_folder']}")
    request.log.info(f"packages: {facts['runtime']['state']}; runs: {where['mode']} {where['reason']} {where['remedy']}".rstrip())
    for model in facts["models"]:
        request.log.info(f"model {model['id']}: {model['state']}")
    if where["mode"] == "unavailable":
        raise SetupError(where["reason"], remedy=where["remedy"], code=where["code"])
    bench = Bench(request)
    server = bench.gateway.server()
    if where["mode"] == "local":
        with infers(bench):
            bench.vision.warm()
    can = "the models load" if where["mode"] == "local" else "the worker answers"
    done, total = bench.mirror.progress()
    text = f"Stash {server.version} answers, {can}, {facts['people']:,} people are known ({done:,} of {total:,} pictures seen)."
    return closing(request, f"StashAI is working. {text}")
