"""The way to the paired worker: whether it is there and understands us, its copy of our people, and every call to it."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from stashai.client import PROTOCOL, SLOW, WorkerClient, WorkerError, read_token
from stashai.errors import StashAIError

from ..preferences.fields import wants_worker

if TYPE_CHECKING:
    from stashai.processing.control import JobControl

    from ..host.bench import Bench

AWAY = "worker-away"
AWAY_FOR = 30.0
"""Seconds for which a worker that did not answer is not asked again."""
PROBE = 2.0
PATIENCE = 5
"""So many calls in a row that it did not answer in time, and the worker counts as gone."""
VERSION = "worker-version"
CALL = 30.0
PEOPLE_AT_ONCE = 100
Json = dict[str, Any]
T = TypeVar("T")


class WorkerGoneError(StashAIError):
    """The worker cannot do it now: it does not answer, wants another token, or is of another version."""

    code = "worker-unreachable"


class AskAgainError(StashAIError):
    """Nothing is wrong with the worker: it is busy, or lost what it was asked for. The next step asks again."""

    code = "worker-busy"


def abilities_of(client: WorkerClient, profile: str) -> Json:
    """What the worker says of itself. Raises WorkerError when it does not answer, or does not understand this version."""
    try:
        told: Json = client.call("GET", f"/stash?profile={profile}", timeout=PROBE)
    except WorkerError as error:
        if error.status == 404:
            raise WorkerError("The worker is of an older version, which serves no Stash.", remedy="Update it.", code=VERSION) from error
        raise
    if told.get("protocol") != PROTOCOL:
        text = f"The worker is StashAI {told.get('version', 'of another kind')}, which this version does not understand."
        raise WorkerError(text, remedy="Bring both to the same version.", code=VERSION)
    return told


def find_worker(bench: Bench) -> Link:
    """The worker, compatible and answering. Raises WorkerGoneError, out of memory for half a minute after it did not answer."""
    kept = bench.mirror.fact(AWAY)
    if kept is not None:
        away = json.loads(kept)
        if away["until"] > time.time() and away["address"] == bench.preferences["worker"]["address"]:
            raise WorkerGoneError(away["message"], remedy=away["remedy"], code=away["code"])
        bench.mirror.note(AWAY, None)
    return Link(bench)


class Link:
    """Made for one operation. Every failure that means that the worker cannot help now is a WorkerGoneError, and remembered."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.address = str(bench.preferences["worker"]["address"])
        self.profile = str(bench.preferences["profile"])
        self._client = WorkerClient(self.address, read_token(bench.request.home), timeout=CALL)
        self._base = f"/stash/{bench.instance}"
        self._slow = int(bench.mirror.fact(SLOW) or 0)
        self.abilities = self._answered(lambda: abilities_of(self._client, self.profile))

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None, timeout: float = CALL) -> Any:
        return self._answered(lambda: self._client.call(method, path, body, timeout))

    def _answered(self, ask: Callable[[], T]) -> T:
        """Raises WorkerError for a refusal of this one thing, AskAgainError, WorkerGoneError."""
        try:
            answer = ask()
        except WorkerError as error:
            if error.code == SLOW and self._count_slow() < PATIENCE:
                raise AskAgainError("The worker is busy.") from error
            if error.is_gone or error.code == VERSION:
                raise self._gone(error.message, error.remedy, error.code) from error
            raise
        if self._slow:
            self._slow = 0
            self._bench.mirror.note(SLOW, None)
        return answer

    def _count_slow(self) -> int:
        self._slow += 1
        self._bench.mirror.note(SLOW, str(self._slow))
        return self._slow

    def _gone(self, message: str, remedy: str, code: str) -> WorkerGoneError:
        kept = {"until": time.time() + AWAY_FOR, "address": self.address, "message": message, "remedy": remedy, "code": code}
        self._bench.mirror.note(AWAY, json.dumps(kept))
        return WorkerGoneError(message, remedy=remedy, code=code)

    # people ----------------------------------------------------------------------------------------------------------

    def send_people(self, control: JobControl | None = None) -> None:
        """Make the worker's copy of our people ours: only what changed is sent, whoever is not ours any more is forgotten there.
        `control` may stop it (Paused): what was sent by then is there, and is not sent again."""
        bench = self._bench
        self._forget_media()
        version = f"{self.address} {bench.stores.people.version()}"
        if bench.mirror.fact(PEOPLE) == version:
            return
        marks = bench.exchange.marks()
        wanted = self.call("PUT", f"{self._base}/people", {"people": marks}, timeout=4 * CALL)["wanted"]
        for start in range(0, len(wanted), PEOPLE_AT_ONCE):
            people = bench.exchange.people(wanted[start : start + PEOPLE_AT_ONCE], bench.stores.crops.get)
            self.call("POST", f"{self._base}/people", {"people": people}, timeout=4 * CALL)
            if control is not None:
                control.advanced()
                control.check()
        bench.mirror.note(PEOPLE, version)

    def _forget_media(self) -> None:
        """Tell what was wiped here and not told yet."""
        kept = self._bench.mirror.fact(TO_FORGET)
        if kept is not None:
            self.call("POST", f"{self._base}/forget-media", {"fingerprints": json.loads(kept)}, timeout=4 * CALL)
            self._bench.mirror.note(TO_FORGET, None)

    # looks -----------------------------------------------------------------------------------------------------------

    def ways(self, paths: Sequence[str | None]) -> list[str]:
        return list(self.call("POST", f"{self._base}/ways", {"paths": list(paths)})["ways"])

    def submit(self, body: Mapping[str, Any]) -> str:
        return self.job_of(f"{self._base}/looks", body)

    def job_of(self, path: str, body: Mapping[str, Any]) -> str:
        """The job of that request, made or, when an equal one is at work, found."""
        return self._answered(lambda: self._client.job_of(path, body))

    def results(self, job: str, body: Mapping[str, Any]) -> Json:
        answer: Json = self.call("POST", f"{self._base}/looks/{job}", body, timeout=float(body.get("wait", 0.0)) + 2 * PROBE)
        return answer

    def cancel(self, job: str) -> None:
        self.call("POST", f"/queue/cancel/{job}", timeout=PROBE)

    def upload(self, name: str, file: BinaryIO, size: int) -> str:
        return str(self._answered(lambda: self._client.upload(name, file, size))["upload"])

    # faces -----------------------------------------------------------------------------------------------------------

    def judged(self, pictures: Iterable[bytes]) -> list[Json]:
        body = {"pictures": [_packed(picture) for picture in pictures], "profile": self.profile}
        return list(self.call("POST", f"{self._base}/portraits", body, timeout=2 * CALL))

    def vectors(self, model: str, chips: Sequence[bytes]) -> list[str]:
        body = {"model": model, "chips": [_packed(chip) for chip in chips], "profile": self.profile}
        return list(self.call("POST", f"{self._base}/vectors", body, timeout=2 * CALL))

    def similar(self, key: str, count: int) -> list[Json]:
        return list(self.call("POST", f"{self._base}/similar", {"key": key, "count": count}))

    def compare(self, first: str, second: str) -> Json:
        answer: Json = self.call("POST", f"{self._base}/compare", {"keys": [first, second]})
        return answer


PEOPLE, TO_FORGET = "worker-people", "worker-forget"


def tell_forgotten(bench: Bench, fingerprints: Sequence[str] = ()) -> str:
    """Have the worker forget at once whom we forgot, and what was seen of these media; a sentence when it cannot be told now: it is
    told as soon as it answers. Nothing where no worker is paired."""
    if fingerprints:
        bench.mirror.note(TO_FORGET, json.dumps(list(fingerprints)))
    if not wants_worker(bench.preferences):
        return ""
    bench.mirror.note(AWAY, None)
    try:
        find_worker(bench).send_people()
    except StashAIError as error:
        return f"{error.message} It forgets as soon as it is asked for something again."
    return ""


def _packed(data: bytes) -> str:
    return b64encode(data).decode("ascii")
