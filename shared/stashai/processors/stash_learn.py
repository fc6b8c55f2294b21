"""Performers' pictures become references: in batches that a kill may cut off anywhere, fetched and analysed side by side."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from ..errors import MediaError, StashAIError
from ..media.fingerprint import fingerprint_bytes
from ..media.frames import Frame
from ..media.images import read_image
from ..processing.context import Context
from ..processing.stores import SourceFile
from ..stash.client import StashClient
from ..stash.mirror import Known, Mirror
from ..vision.engine import AnalyzedFace
from .stash_performers import ORIGIN, SOURCE, Judged, Learned, keep, picture_key, settled, unread
from .subject import choose_subject

CONNECTIONS = 4
AHEAD = 8
"""Pictures that are fetched and decoded before their turn: large ones take much memory."""
CHOICES = 6
"""Faces offered at most when a picture shows several."""


T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Picture:
    """A performer's picture: decoded, or the reason why not."""

    performer: Known
    fingerprint: str = ""
    frame: Frame | None = None
    problem: StashAIError | None = None


def learn_batch(performers: Sequence[Known], gateway: StashClient, mirror: Mirror, ctx: Context) -> Generator[Learned]:
    """Learn from these performers' pictures; each is recorded before it is given. While some are analysed the next ones arrive."""
    readable: deque[Picture] = deque()
    others: deque[Learned] = deque()

    def frames() -> Iterator[Frame]:
        with ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="pictures") as pool:
            for picture in ahead(pool, _Reader(gateway), performers, AHEAD):
                ctx.check()
                learned = _without_analysis(picture, _looked_at(picture.performer, ctx), mirror, ctx)
                if learned is not None:
                    others.append(learned)
                elif picture.frame is not None:
                    readable.append(picture)
                    yield picture.frame

    for frame, faces in ctx.vision.map(frames()):
        picture = readable.popleft()
        judged = judge(frame, faces, picture.fingerprint, ctx.vision.reference_floor)
        yield keep(picture.performer, judged, ctx.vision.detector_id, mirror, ctx.stores)
        yield from _emptied(others)
    yield from _emptied(others)


def _without_analysis(picture: Picture, source: SourceFile | None, mirror: Mirror, ctx: Context) -> Learned | None:
    """What comes of a picture that cannot be read, or that was looked at before; None for any other."""
    performer = picture.performer
    if picture.frame is None:
        problem = picture.problem or MediaError("The picture could not be read.")
        return unread(performer, problem.code, problem.message, mirror, ctx.stores.people)
    if source is not None and source.fingerprint == picture.fingerprint and source.detector == ctx.vision.detector_id:
        return settled(mirror, Learned(performer, source.outcome, source.message), source.message)
    return None


def _looked_at(performer: Known, ctx: Context) -> SourceFile | None:
    """What is known of the performer's picture."""
    person = ctx.stores.people.find(SOURCE, performer.id)
    own = ctx.stores.people.sources(origin=ORIGIN, person_id=person.id) if person else []
    return next((source for source in own if source.path == picture_key(performer.id)), None)


def _emptied(waiting: deque[Learned]) -> Iterator[Learned]:
    while waiting:
        yield waiting.popleft()


def ahead(pool: Executor, work: Callable[[T], R], items: Iterable[T], count: int) -> Iterator[R]:
    """`work` of each item in their order, begun for up to `count` items beyond the one that is asked for."""
    begun: deque[Future[R]] = deque()
    try:
        for item in items:
            begun.append(pool.submit(work, item))
            if len(begun) > count:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
    finally:
        for future in begun:
            future.cancel()


class _Reader:
    """Fetches and decodes, each thread over a connection of its own."""

    def __init__(self, gateway: StashClient) -> None:
        self._gateway = gateway
        self._mine = threading.local()

    def __call__(self, performer: Known) -> Picture:
        if not hasattr(self._mine, "connection"):
            self._mine.connection = self._gateway.connection.clone()
        try:
            content = self._mine.connection.fetch(performer.image or "", ("image/",))
            if content is None:
                return Picture(performer, problem=MediaError("Stash has no picture of this performer.", code="no-picture"))
            return Picture(performer, fingerprint_bytes(content), read_image(content)[0])
        except MediaError as error:
            return Picture(performer, problem=error)


def judge(frame: Frame, faces: Sequence[AnalyzedFace], fingerprint: str, floor: float) -> Judged:
    """What a picture of somebody can teach: the face that it is about, when that is good enough (`floor`)."""
    choice = choose_subject([face.observation.face for face in faces], frame.size)
    if choice.index is None:
        return Judged("choose" if faces else "no-face", choice.message, fingerprint, choices=_choices(faces))
    subject = faces[choice.index].observation
    chip = faces[choice.index].chip
    if subject.quality < floor or chip is None:
        message = f"The face is too small, blurred or turned away to learn from (quality {subject.quality:.2f})."
        return Judged("weak", message, fingerprint, subject.quality)
    return Judged("enrolled", "", fingerprint, subject.quality, chip, subject.embeddings, subject.face.box)


def _choices(faces: Sequence[AnalyzedFace]) -> list[tuple[bytes, float]]:
    """The faces of a picture with several, the largest first."""
    largest = sorted(faces, key=lambda face: -face.observation.face.box[2] * face.observation.face.box[3])[:CHOICES]
    return [(face.chip, face.observation.quality) for face in largest if face.chip is not None]
