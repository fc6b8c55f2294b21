"""Learn my performers' faces: by the worker when there is one, else by this host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stashai.tracking.records import JobRequest

from ..host.bench import Bench
from ..request import Request
from .learning_there import LearningThere
from .setting_up import ready
from .task import Task

if TYPE_CHECKING:
    from stashai.tracking.records import Claim

    from .learning_here import Learning

PROCESSOR = "stash.learn"


def learn(request: Request) -> str:
    """Learn from performers' pictures, favourites first; afterwards only what changed."""
    ready(request)
    bench = Bench(request)

    def here(claim: Claim) -> Learning:
        from .learning_here import Learning

        return Learning(bench, claim)

    what = JobRequest(PROCESSOR, "facial_recognition", name="Learn my performers' faces")
    return Task(bench, what, "task_learn").run(here, lambda claim, link: LearningThere(bench, claim, link))
