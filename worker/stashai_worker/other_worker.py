"""Another StashAI worker, as this one speaks to it: the same API."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import requests

from stashai import __version__
from stashai.client import WorkerClient, WorkerError
from stashai.errors import StashAIError
from stashai.tracking.records import ENDED

from .adopting import Identity
from .elsewhere import CONNECT_SECONDS, FORWARDED, Health, Question, Remote, ServiceDownError, answered, get, post

LONGEST_WAIT = 1.0
"""Seconds of one request to another worker, so that a cancel is heard; what takes longer is asked for again by its id."""
WATCH_SECONDS = 60
"""What another worker does for this one ends when nobody has asked for it so long."""


class WorkerAdapter:
    """Implements `elsewhere.Adapter`. A long answer is asked for again and again, by one id."""

    def takes(self, path: str, body: Mapping[str, Any]) -> bool:
        return True

    def ask(self, remote: Remote, question: Question) -> dict[str, Any]:
        until = time.monotonic() + question.timeout
        for key, path in question.files.items():
            hand_over(remote, key, path, question.timeout)
        body = {**question.body, "request_id": question.id, "watch_seconds": WATCH_SECONDS}
        url = f"{remote.endpoint}/api/v1{question.path}?wait={LONGEST_WAIT:.0f}"
        while True:
            status, said = post(remote, url, body, LONGEST_WAIT)
            if status == 202:
                self._follow(remote, str(said.get("job_id")), question, until)
            elif status == 429 and time.monotonic() < until:
                question.check()
                time.sleep(LONGEST_WAIT)
            else:
                return answered(remote, status, said)

    def _follow(self, remote: Remote, job: str, question: Question, until: float) -> None:
        """Until the job ended there. Cancels it where nobody wants it any more; raises ServiceDownError past the limit."""
        status = "pending"
        while status not in ENDED:
            try:
                question.check()
                if time.monotonic() >= until:
                    raise ServiceDownError(f"The service {remote.name} did not end in {question.timeout:.0f} seconds.")
            except StashAIError:
                self._give_up(remote, job)
                raise
            status = str(_status(remote, job).get("status"))

    def health(self, remote: Remote) -> Health:
        answer = get(remote, remote.health_url)
        body = answer.json()
        queue = (body.get("metrics") or {}).get("queue_status") or {}
        load = sum(number for number in queue.values() if isinstance(number, int))
        healthy = answer.status_code == 200
        return Health(healthy, str(body.get("version", "")), load, self._can(remote) if healthy else None)

    def _can(self, remote: Remote) -> tuple[str, ...]:
        answer = get(remote, remote.endpoint + "/api/v1/services")
        answer.raise_for_status()
        ready = [one for one in answer.json() if one["status"] == "healthy"]
        return tuple(dict.fromkeys(name for one in ready for name in (*one["capabilities"], one["name"])))

    def _give_up(self, remote: Remote, job: str) -> None:
        try:
            post(remote, f"{remote.endpoint}/api/v1/queue/cancel/{job}", {}, 0.0)
        except ServiceDownError:
            """It ends there when nobody has asked for it for a while."""


def client_of(remote: Remote, seconds: float) -> WorkerClient:
    return WorkerClient(remote.endpoint, remote.token, seconds, {FORWARDED: "1"})


def hand_over(remote: Remote, key: str, path: Path, seconds: float) -> None:
    """An upload of this worker's for another one's spool, where it gets the same key: that of its content."""
    try:
        with path.open("rb") as file:
            client_of(remote, seconds).upload(key, file, path.stat().st_size)
    except (WorkerError, OSError) as error:
        raise ServiceDownError(f"The service {remote.name} does not take {key}: {error}") from error


def asked_who(remote: Remote, ids: Sequence[str]) -> list[Identity]:
    """Whom another worker means by these ids. Raises ServiceDownError."""
    url = f"{remote.endpoint}/api/v1/people?" + urlencode({"id": list(ids)}, doseq=True)
    try:
        answer = get(remote, url)
        answer.raise_for_status()
        return [Identity.model_validate(one) for one in answer.json()]
    except (requests.RequestException, ValueError, TypeError) as error:
        raise ServiceDownError(f"The service {remote.name} does not say who its people are: {type(error).__name__}.") from error


def _status(remote: Remote, job: str) -> dict[str, Any]:
    """How a job there is, at once when it ended. Raises ServiceDownError."""
    url = f"{remote.endpoint}/api/v1/queue/status/{job}?watch=true&wait={LONGEST_WAIT:.0f}"
    try:
        answer = get(remote, url, LONGEST_WAIT + CONNECT_SECONDS)
        answer.raise_for_status()
        return dict(answer.json())
    except (requests.RequestException, ValueError, TypeError) as error:
        raise ServiceDownError(f"The service {remote.name} does not answer: {type(error).__name__}.") from error


def same_version(version: str) -> bool:
    """Whether a worker of that version means the same by what it answers."""
    return version.split(".")[:2] == __version__.split(".")[:2]
