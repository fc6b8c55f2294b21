"""What a Stash's plugin asked this worker for, asked of another one that has less to do.

This worker is to the other what the plugin is to this one: it lends its copy of the plugin's people and what was seen of a medium,
and takes in each frame and face, so that the plugin is told the same whoever looked. The other keeps what it was lent apart from
its own, and gives it back (`upkeep`) when nothing was asked for a while."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from stashai.client import PROTOCOL, WorkerError
from stashai.errors import MediaError, StashAIError, UsageError
from stashai.processing.context import Context
from stashai.processors.stash_look import Look, LookForStash, LookItem, LookParams
from stashai.services.core import Core
from stashai.tracking.exchange import Exchange, instance_of
from stashai.tracking.records import ENDED

from .elsewhere import NOT_THERE, OutOfReachError, Remote, ServiceDownError
from .errors import CALLERS_FAULTS
from .forwarding import SERVICES_ASKED
from .other_worker import LONGEST_WAIT, WATCH_SECONDS, client_of, hand_over

logger = logging.getLogger(__name__)

CALL_SECONDS = 30.0
SYNC_SECONDS = 120.0
PEOPLE_AT_ONCE = 100
Json = dict[str, Any]
T = TypeVar("T")


class Others(Protocol):
    """Implemented by services.Services."""

    def workers(self, capability: str) -> Sequence[Remote]:
        """Healthy workers elsewhere that can do it, the least loaded first."""
        ...

    def through(self, remote: Remote, ask: Callable[[], T]) -> T:
        """What `ask` answers, counted for the service's load, averages and circuit breaker."""
        ...


class Lending:
    """`upload` is where the upload of a key lies. Raises UsageError for one that is gone."""

    def __init__(self, others: Others, core: Core, upload: Callable[[str], Path]) -> None:
        self._others, self._core, self._upload = others, core, upload
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._lent: dict[tuple[str, str], Json] = {}
        """By worker and source: how the people's rows were here and there when they were equal."""

    def look(self, alone: LookParams, name: str, seconds: float, ctx: Context) -> tuple[str, Look]:
        """The look of the one item of `alone` by the least loaded worker, or by the next one, and its name. The same `name` gives the
        same job there. Raises ServiceDownError when neither can, MediaError for what they say of the medium, Cancelled."""
        return self._by_one_of_them(alone.people or "", alone.profile, lambda peer: self._look(peer, alone, name, seconds, ctx))

    def ask(self, source: str, path: str, body: Json, profile: str) -> Any:
        """What another worker answers to what needs nothing but the request. Raises ServiceDownError."""
        return self._by_one_of_them(source, profile, lambda peer: peer.call("POST", path, body, SYNC_SECONDS))[1]

    def people_went(self, source: str) -> None:
        """Somebody of that source is forgotten here, and at once where they were lent to. Who does not hear it gives all back."""
        self._tell(source, lambda peer: self._lend_people(peer, source))

    def media_went(self, source: str, fingerprints: Sequence[str]) -> None:
        """As `people_went`, of what was seen of these media."""
        self._tell(source, lambda peer: peer.call("POST", "/forget-media", {"fingerprints": list(fingerprints)}))

    def _tell(self, source: str, say: Callable[[_Peer], object]) -> None:
        def told(remote: Remote) -> None:
            try:
                say(self._peer(remote, source))
            except StashAIError as error:
                logger.warning("%s was not told what is forgotten here, and gives it back later: %s", remote.name, error)

        for remote in self._others.workers(LookForStash.id):
            if (remote.name, source) in self._lent:
                threading.Thread(target=told, args=(remote,), name=f"forget-{remote.name}", daemon=True).start()

    def _by_one_of_them(self, source: str, profile: str, ask: Callable[[_Peer], T]) -> tuple[str, T]:
        problem = ServiceDownError("No worker elsewhere is healthy.")
        for remote in self._others.workers(LookForStash.id)[:SERVICES_ASKED]:
            try:
                return remote.name, self._others.through(remote, partial(self._by, remote, source, profile, ask))
            except ServiceDownError as error:
                problem = error
        raise problem

    def _by(self, remote: Remote, source: str, profile: str, ask: Callable[[_Peer], T]) -> T:
        peer, engine = self._peer(remote, source), self._core.engine(profile)
        if peer.abilities(profile) != (PROTOCOL, engine.detector_id, engine.primary):
            raise OutOfReachError(f"The worker {remote.name} looks at faces with other networks, or is of another version.")
        return ask(peer)

    def _peer(self, remote: Remote, source: str) -> _Peer:
        own = instance_of(self._core.ledger.database)
        return _Peer(remote, hashlib.sha256(f"{own} {source}".encode()).hexdigest()[:24])

    def _lend_people(self, peer: _Peer, source: str) -> None:
        """Make the other's copy ours, where it may not be: only what changed is sent. Kept crops stay here."""
        with self._locks[peer.remote.name]:
            here, there = self._core.stores.people.version(), peer.call("GET", "/people")
            key = peer.remote.name, source
            if self._lent.get(key) == {"here": here, "there": there}:
                return
            rows = Exchange(self._core.ledger.database, source)
            self._lent.setdefault(key, {})
            wanted = peer.call("PUT", "/people", {"people": rows.marks()}, SYNC_SECONDS)["wanted"]
            for start in range(0, len(wanted), PEOPLE_AT_ONCE):
                people = rows.people(wanted[start : start + PEOPLE_AT_ONCE], lambda crop: None)
                peer.call("POST", "/people", {"people": people}, SYNC_SECONDS)
            self._lent[key] = {"here": here, "there": peer.call("GET", "/people")}

    def _look(self, peer: _Peer, alone: LookParams, name: str, seconds: float, ctx: Context) -> Look:
        [item] = alone.items
        ctx.check()
        self._lend_people(peer, alone.people or "")
        for key in _uploads(item):
            hand_over(peer.remote, key, self._uploaded(key), seconds)
        looking = _Looking(peer, self._core, alone, item)
        job = looking.begin(name)
        try:
            shown = looking.followed(job, seconds, ctx)
        except StashAIError:
            peer.give_up(job)
            raise
        return Look.model_validate(looking.take(shown))

    def _uploaded(self, key: str) -> Path:
        try:
            return self._upload(key)
        except UsageError as error:
            raise OutOfReachError(error.message) from error


class _Looking:
    """One look at another worker's."""

    def __init__(self, peer: _Peer, core: Core, alone: LookParams, item: LookItem) -> None:
        self._peer, self._alone, self._item = peer, alone, item
        self._analysis = core.engine(alone.profile).detector_id
        self._rows, self._crops = Exchange(core.ledger.database, alone.people or ""), core.stores.crops
        self._media = [medium for medium in (item.fingerprint, item.sprite) if medium]

    def begin(self, name: str) -> str:
        known = self._rows.known(self._media, self._analysis, self._crops.get)
        body = {
            "items": [self._item.model_dump(mode="json")], "name": self._item.title or "Identify", "key": name, "known": known,
            "threshold": self._alone.threshold, "profile": self._alone.profile, "watch_seconds": WATCH_SECONDS,
        }  # fmt: skip
        return self._peer.job_of("/looks", body)

    def followed(self, job: str, seconds: float, ctx: Context) -> Json:
        """The item when it ended; frames are taken in as they come. Raises MediaError for what is said of the medium."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            ctx.check()
            have = {medium: self._rows.moments(medium, self._analysis) for medium in self._media}
            answer = self._peer.call("POST", f"/looks/{job}", {"have": have, "wait": LONGEST_WAIT})
            for shown in answer["items"]:
                return _unfailed(self._peer.remote, shown)
            if answer["job"]["status"] in ENDED:
                raise OutOfReachError(f"The worker {self._peer.remote.name} ended the look without an answer.")
            if answer["so_far"]:
                self.take(answer["so_far"])
        raise ServiceDownError(f"The worker {self._peer.remote.name} did not end in {seconds:.0f} seconds.")

    def take(self, shown: Json) -> Json:
        return self._rows.take_shown(shown, self._analysis, self._crops.put)


class _Peer:
    """Another worker's routes for one Stash's plugin, in whose place it is asked. Raises ServiceDownError."""

    def __init__(self, remote: Remote, instance: str) -> None:
        self.remote, self._base = remote, f"/stash/{instance}"
        self._client = client_of(remote, CALL_SECONDS)

    def abilities(self, profile: str) -> tuple[object, ...]:
        told = self._called("GET", f"/stash?profile={profile}")
        return told.get("protocol"), told.get("analysis"), told.get("primary")

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None, seconds: float = CALL_SECONDS) -> Any:
        return self._called(method, self._base + path, body, seconds)

    def job_of(self, path: str, body: Mapping[str, Any]) -> str:
        try:
            return self._client.job_of(self._base + path, body)
        except WorkerError as error:
            raise self._problem(error) from error

    def give_up(self, job: str) -> None:
        try:
            self._client.cancel(job)
        except WorkerError:
            """It ends there when nobody has asked for it for a while."""

    def _called(self, method: str, path: str, body: Mapping[str, Any] | None = None, seconds: float = CALL_SECONDS) -> Any:
        try:
            return self._client.call(method, path, body, seconds)
        except WorkerError as error:
            raise self._problem(error) from error

    def _problem(self, error: WorkerError) -> ServiceDownError:
        kind = ServiceDownError if error.is_gone else OutOfReachError
        return kind(f"The worker {self.remote.name} could not do it: {error.message}")


def _uploads(item: LookItem) -> list[str]:
    return [key for key in (item.upload, item.sheet, item.cues, item.cover) if key]


def _unfailed(remote: Remote, shown: Json) -> Json:
    error = shown["error"]
    if error is None:
        return shown
    if error["code"] in NOT_THERE or error["code"] not in CALLERS_FAULTS:
        raise OutOfReachError(f"The worker {remote.name} could not look at it: {error['message']}")
    raise MediaError(error["message"], code=error["code"])
