"""Look at a library, a selection, or what the hooks told of; writes nothing to Stash."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from stashai.tracking.records import JobRequest

from ..host.bench import Bench
from ..request import Request
from .delegated import DelegatedLibrary
from .learning import learn
from .setting_up import ready
from .task import Task, closing
from .wanted import job_request

if TYPE_CHECKING:
    from stashai.tracking.records import Claim

    from .library import Library


def identify(request: Request) -> str:
    """Look at a library or a selection; writes nothing to Stash."""
    ready(request)
    bench = Bench(request)
    if not bench.stores.people.people():
        # Nobody can be named before somebody is known.
        learn(_with(request, {}))
    named = request.optional_text("job")
    known = bench.ledger.job(named) if named else None
    what = job_request(request) if known is None else JobRequest(known.processor, known.action_type, known.job_config, known.job_name)
    wait = bool(bench.preferences["wait"])

    def here(claim: Claim) -> Library:
        from .library import Library

        return Library(bench, claim)

    return Task(bench, what, "task_identify").run(here, lambda claim, link: DelegatedLibrary(bench, claim, link, wait=wait))


def _with(request: Request, arguments: dict[str, str]) -> Request:
    """The same call with other arguments."""
    return Request(arguments, request.connection, request.plugin_dir, request.log)


def arrivals(request: Request) -> str:
    """What the hooks of StashAI automatic told: learn changed performers, look at new items, add at the limit when there is one."""
    ready(request)
    bench = Bench(request)
    done: list[str] = []
    while noted := bench.mirror.arrivals():
        if any("performer" in kind for kind, _ in noted):
            done.append(learn(_with(request, {})))
        for kind in ("scene", "image", "gallery"):
            ids = [number for known, number in noted if known == kind]
            if ids:
                done.append(identify(_with(request, {"type": kind, "ids_json": json.dumps(ids), "apply": "true"})))
        # By now jobs of their own say what is left to do.
        bench.mirror.served(noted)
    return " ".join(done) or closing(request, "Nothing is new.")
