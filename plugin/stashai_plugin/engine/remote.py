"""A worker as an Engine: it looks, and all that it saw is kept here as if this host had looked itself, so that either can go on
where the other was. Standard library and `requests` alone."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Literal

from stashai.client import WorkerError
from stashai.errors import MediaError, StashAIError
from stashai.processors.stash_performers import Judged, Learned, keep, unread
from stashai.stash.client import StashClient
from stashai.tracking.records import ENDED

from .arriving import Arriving, nothing_yet
from .first_looks import FirstLooks
from .link import AskAgainError
from .sending import Sending

if TYPE_CHECKING:
    from stashai.processing.control import JobControl
    from stashai.processing.stores import Person
    from stashai.stash.entities import Item
    from stashai.stash.mirror import Known

    from ..host.bench import Bench
    from ..looking.reading import StashFindings
    from .base import Seen
    from .link import Link

WATCH = 30.0
"""Seconds after which a click's look that nobody asks for any more is cancelled."""
WAIT = 2.0
"""Seconds that a step waits for the worker at most."""
CONNECTIONS = 4
MOST_BYTES = 24 << 20
"""Of pictures sent at once."""
Json = dict[str, Any]


class WorkerEngine:
    where: Literal["local", "worker"] = "worker"

    def __init__(self, bench: Bench, link: Link, control: JobControl) -> None:
        self._bench, self._link, self._control = bench, link, control
        self.primary = str(link.abilities["primary"])
        self.detector = str(link.abilities["analysis"])
        self.floor = float(link.abilities["reference_floor"])
        self._arriving = Arriving(bench, self.detector)
        self._sending = Sending(bench, link, self.detector)

    @property
    def further_models(self) -> list[str]:
        return [str(model) for model in self._link.abilities["embedders"] if model != self.primary]

    # learning --------------------------------------------------------------------------------------------------------

    def learn(self, performers: Sequence[Known]) -> Generator[Learned]:
        bench = self._bench
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            pictures = list(pool.map(_Fetch(bench.gateway), performers))
        for part in _parts(list(zip(performers, pictures, strict=True))):
            readable = [(performer, picture) for performer, picture in part if isinstance(picture, bytes)]
            answers = iter(self._link.judged(picture for _, picture in readable))
            for performer, picture in part:
                self._control.check()
                if not isinstance(picture, bytes):
                    yield unread(performer, picture.code, picture.message, bench.mirror, bench.stores.people)
                    continue
                answer = next(answers)
                if answer.get("unreadable"):
                    yield unread(performer, answer["outcome"], answer["message"], bench.mirror, bench.stores.people)
                else:
                    yield keep(performer, _judged(answer), self.detector, bench.mirror, bench.stores)

    def first_looks(self, items: Sequence[Item]) -> Iterator[tuple[Item, str | None]]:
        return FirstLooks(self._bench, self._link, self._control, self._arriving, self.detector).take(items)

    def vectors(self, model: str, chips: Sequence[bytes]) -> list[bytes]:
        return [b64decode(vector) for vector in self._link.vectors(model, chips)]

    def similar(self, person: Person, count: int) -> list[tuple[str, float, float]]:
        self._link.send_people()
        return [(row["key"], row["similarity"], row["probability"]) for row in self._link.similar(person.key, count)]

    def compare(self, first: Person, second: Person) -> tuple[dict[str, float], float]:
        self._link.send_people()
        answer = self._link.compare(first.key, second.key)
        return answer["similarities"], answer["probability"]

    # looking ---------------------------------------------------------------------------------------------------------

    def look(self, job: str, item: Item, *, sprite_first: bool) -> tuple[StashFindings, bool]:
        return self._asked(job, item, None, again=False)

    def again(self, job: str, item: Item) -> StashFindings:
        return self._asked(job, item, None, again=True)[0]

    def look_at(self, job: str, item: Item, moment: float) -> StashFindings | None:
        found, done = self._asked(job, item, moment, again=False)
        if done:
            # Asked again, it is compared with whoever was learned meanwhile.
            self._forget(job)
        return found if done else None

    def _asked(self, job: str, item: Item, moment: float | None, *, again: bool) -> tuple[StashFindings, bool]:
        """Ask the worker for its look at this item, which is begun when there is none."""
        self._link.send_people(self._control)
        remote = self._remote(job) or self._begin(job, item.title, self._sending.look(item, moment, quick=moment is None))
        answer = self._results(job, remote, again)
        state = answer["job"]["status"]
        if state == "completed" and not again and remote.get("people") != self._bench.stores.people.version():
            # Somebody was learned, or forgotten, while it looked: what it saw is compared again.
            answer = self._results(job, remote, True)
        if state != "completed" and state in ENDED:
            # Nobody asked for a while, or it could not be done: the next step begins anew with what was seen.
            self._forget(job)
        if answer["so_far"] is not None:
            return self._arriving.take(answer["so_far"]), state == "completed"
        for shown in answer["items"]:
            found = self._arriving.result(shown)
            if not isinstance(found, MediaError):
                return found, True
            self._forget(job)
            if found.code != "no-way-to-media" or self._sending.was_sent(item):
                raise found
            self._sending.not_there(item)
        if state == "failed" and not answer["items"]:
            raise StashAIError(str(answer["job"].get("error_message") or "The worker could not do it."), code="worker-failed")
        return nothing_yet(remote["media"][0], "sprite"), False

    def images(self, job: str, images: Iterable[tuple[int, Item]]) -> Iterator[Seen]:
        numbers = {image.id: (number, image) for number, image in images}
        if not numbers:
            return
        self._link.send_people(self._control)
        remote = self._remote(job)
        if remote is None:
            body, left_out = self._sending.looks([image for _, image in numbers.values()])
            yield from ((*numbers[image.id], error) for image, error in left_out)
            if not body["items"]:
                return
            remote = self._begin(job, "", body)
        answer = self._results(job, remote, False)
        for shown in answer["items"]:
            if shown["unit"] in numbers:
                yield *numbers[shown["unit"]], self._arriving.result(shown)
        if answer["job"]["status"] in ENDED and not answer["items"]:
            self._forget(job)
        else:
            self._remember(job, remote | {"after": answer["cursor"]})

    # one look's job on the worker ------------------------------------------------------------------------------------

    def _begin(self, job: str, name: str, body: Json) -> Json:
        tries = int(self._bench.mirror.fact(_tries(job)) or 0) + 1
        self._bench.mirror.note(_tries(job), str(tries))
        media = [fingerprint for one in body["items"] for fingerprint in (one["fingerprint"], one.get("sprite")) if fingerprint]
        body |= {"key": f"{job}.{tries}", "watch_seconds": WATCH, "threshold": self._bench.preferences["suggest_from"]}
        remote_job = self._link.submit(body | {"profile": self._link.profile, "name": name or "Identify"})
        remote: Json = {"job": remote_job, "address": self._link.address, "media": list(dict.fromkeys(media)), "after": 0}
        remote["people"] = self._bench.stores.people.version()
        self._remember(job, remote)
        return remote

    def _remote(self, job: str) -> Json | None:
        kept = self._bench.mirror.fact(_fact(job))
        value: Json = json.loads(kept) if kept else {}
        return value if value.get("address") == self._link.address else None

    def _remember(self, job: str, remote: Json) -> None:
        self._bench.mirror.note(_fact(job), json.dumps(remote))

    def _forget(self, job: str) -> None:
        self._bench.mirror.note(_fact(job), None)

    def _results(self, job: str, remote: Json, again: bool) -> Json:
        have = {fingerprint: self._bench.exchange.moments(fingerprint, self.detector) for fingerprint in remote["media"]}
        body = {"after": remote["after"], "have": have, "wait": 0.0 if again else WAIT, "again": again}
        try:
            return self._link.results(remote["job"], body)
        except WorkerError as error:
            if error.status == 404:
                self._forget(job)
                raise AskAgainError("The worker does not know this look any more: it is begun again.") from error
            raise


def _fact(job: str) -> str:
    return f"worker-look:{job}"


def _tries(job: str) -> str:
    return f"worker-tries:{job}"


def _judged(answer: Json) -> Judged:
    return Judged(
        answer["outcome"], answer["message"], answer["fingerprint"], answer["quality"],
        b64decode(answer["chip"]) if answer["chip"] else None, {model: b64decode(v) for model, v in answer["vectors"].items()},
        tuple(answer["box"]), [(b64decode(chip), quality) for chip, quality in answer["choices"]],
    )  # fmt: skip


class _Fetch:
    """A performer's picture over a connection of its own, or why there is none."""

    def __init__(self, gateway: StashClient) -> None:
        self._gateway = gateway

    def __call__(self, performer: Known) -> bytes | MediaError:
        connection = self._gateway.connection.clone()
        try:
            content = connection.fetch(performer.image or "", ("image/",))
        except MediaError as error:
            return error
        finally:
            connection.close()
        return content if content is not None else MediaError("Stash has no picture of this performer.", code="no-picture")


Pictured = tuple["Known", "bytes | MediaError"]


def _parts(pictures: Sequence[Pictured]) -> Iterator[list[Pictured]]:
    """In parts that one request can carry."""
    part: list[Pictured] = []
    size = 0
    for performer, picture in pictures:
        bytes_of = len(picture) if isinstance(picture, bytes) else 0
        if part and size + bytes_of > MOST_BYTES:
            yield part
            part, size = [], 0
        part.append((performer, picture))
        size += bytes_of
    if part:
        yield part
