"""Everything that is asked of the networks goes through one object: pictures in, faces with vectors and crops out."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice
from typing import Literal

from ..errors import Cancelled, ModelError
from ..media.frames import Frame, Pixels
from ..settings import Settings
from . import detect, quality
from .catalog import Catalog, ModelEntry
from .chip import cut, cut_chip, make_chip, open_chip
from .detect import Detector
from .detect_look import Refined
from .embed import Embedder
from .faces import Observation, Vector
from .prepare.cache import VERSION as PREPARATION
from .prepare.cache import prepared_folders, weights_path
from .profile import Profile
from .runtime import open_session
from .session import Session

VERSION = "1"
"""Raised when anything but detection changes what is kept of a face: its crop, chip, vector or quality."""

Opener = Callable[[ModelEntry, Settings, Literal["auto", "ort", "ncnn"]], Session]


@dataclass(frozen=True, slots=True)
class AnalyzedFace:
    """A face with its vector, and its chip (see vision/chip) when crops were wanted."""

    observation: Observation
    chip: bytes | None


class VisionEngine:
    """The networks of a catalog, opened when they are first needed and shared by all threads.

    `detector` and `primary` are the catalog's first default ones of their role unless other ids are given; `thorough` adds
    every other embedder of the catalog. Nothing is fetched or loaded before the first picture. `opener` is how a catalog entry
    becomes a session.
    """

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog | None = None,
        profile: Profile = Profile.BALANCED,
        runtime: Literal["auto", "ort", "ncnn"] = "auto",
        *,
        detector: str | None = None,
        embedders: tuple[str, ...] = (),
        match_floor: float = quality.MATCH_FLOOR,
        opener: Opener = open_session,
    ) -> None:
        self._settings, self._profile, self._runtime, self._open = settings, profile, runtime, opener
        self._catalog = catalog or Catalog.of(settings)
        self._detector_entry = self._catalog.get(detector) if detector else self._catalog.by_role("detector", default_only=True)[0]
        self._embedder_entries = [self._catalog.get(name) for name in embedders] or self._asked_by(profile)
        self._match_floor = match_floor
        self._lock, self._slots = threading.Lock(), threading.Semaphore(settings.cores)
        self._detector: Detector | None = None
        self._embedders: dict[str, Embedder] = {}
        self._pool: ThreadPoolExecutor | None = None

    @property
    def detector_id(self) -> str:
        """Names all that decides what is kept of a picture: detector, preparation, analysis, primary network, effort."""
        entry, effort = self._detector_entry, self._profile.effort
        return f"{entry.id}@{entry.sha256[:8]}.{PREPARATION}/{detect.VERSION}.{VERSION}/{self.primary}/{effort.name}"

    @property
    def primary(self) -> str:
        """The id of the model that every face is embedded by."""
        return self._embedder_entries[0].id

    @property
    def embedders(self) -> list[str]:
        """Ids of all embedders of this engine, the primary one first, on this machine or not."""
        return [entry.id for entry in self._embedder_entries]

    @property
    def others(self) -> list[str]:
        """Ids of the models for further opinions, those that are on this machine."""
        return [model for model in self.installed_embedders if model != self.primary]

    @property
    def installed_embedders(self) -> list[str]:
        """Ids of this engine's embedders that are on this machine, the primary one first."""
        return [entry.id for entry in self._embedder_entries if self.is_installed(entry.id)]

    @property
    def profile(self) -> Profile:
        return self._profile

    @property
    def reference_floor(self) -> float:
        """The lowest quality of a face that somebody may be known by."""
        return quality.REFERENCE_FLOOR

    @property
    def match_floor(self) -> float:
        """The lowest quality of a face that is matched; `analyze` leaves weaker ones out."""
        return self._match_floor

    def is_installed(self, model_id: str) -> bool:
        """Whether the model can be opened without fetching anything."""
        entry = self._catalog.get(model_id)
        return bool(prepared_folders(entry, self._settings)) or weights_path(entry, self._settings).is_file()

    def family(self, model_id: str) -> str:
        """The kind of a model, as requests name it: "arcface" or "facenet"."""
        return self._catalog.get(model_id).family

    def analyze(self, frame: Frame, *, crops: bool = True) -> list[AnalyzedFace]:
        """The faces of `frame` that are good enough to be matched, the most certain first; boxes and landmarks in pixels
        of `frame.image`. May be called by several threads at once. Raises SetupError and ModelError."""
        image = frame.image
        found = self._detect().detect(image, self._profile.effort, still=frame.time is None)
        seen = ((one, self._embedded(image, one, frame.time)) for one in found)
        good = ((one, face) for one, face in seen if face.quality >= self.match_floor)
        return [AnalyzedFace(face, make_chip(image, one.matrix) if crops else None) for one, face in good]

    def embed_chip(self, model_id: str, chip: bytes) -> Vector:
        """The vector of `model_id` for a kept chip: the same for the same chip, whenever it is asked."""
        embedder = self._embedder(model_id)
        crop = cut_chip(open_chip(chip), embedder.entry.template)
        with self._slots:
            return embedder.embed(crop, mirror=self._profile.effort.mirror)[0]

    def map(self, frames: Iterable[Frame]) -> Iterator[tuple[Frame, list[AnalyzedFace]]]:
        """`analyze` on `settings.cores` threads shared by the process: results in the order of `frames`, which is read only
        a few frames ahead. An error of a frame is raised where its result would be; when `frames` says that the job is to stop
        (Cancelled), those at work come first. A frame that comes alone is analysed in the calling thread, which saves waking another
        one."""
        source = iter(frames)
        ahead = list(islice(source, 2))
        if len(ahead) == 1:
            yield ahead[0], self._in_turn(ahead[0])
            return
        pool, waiting = self._threads(), deque[tuple[Frame, Future[list[AnalyzedFace]]]]()
        try:
            for frame in chain(ahead, source):
                waiting.append((frame, pool.submit(self._in_turn, frame)))
                if len(waiting) > self._settings.cores:
                    yield _awaited(waiting)
            while waiting:
                yield _awaited(waiting)
        except Cancelled:
            # Those at work cannot be stopped, and what they see is worth keeping.
            at_work = deque(one for one in waiting if not one[1].cancel())
            while at_work:
                yield _awaited(at_work)
            raise
        finally:
            for _, future in waiting:
                future.cancel()

    def _asked_by(self, profile: Profile) -> list[ModelEntry]:
        """The embedders of a profile: the default ones first."""
        every = self._catalog.by_role("embedder")
        defaults = [entry for entry in every if entry.default]
        return [*defaults, *(entry for entry in every if not entry.default)] if profile.networks is None else defaults[: profile.networks]

    def _in_turn(self, frame: Frame) -> list[AnalyzedFace]:
        """`analyze` when a core is free, whoever asks."""
        with self._slots:
            return self.analyze(frame)

    def warm(self) -> None:
        """Fetch, prepare and load the detector and the primary network."""
        self._detect()
        self._embedder(self.primary)

    def close(self) -> None:
        """End the threads; the networks are freed with the engine."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def _embedded(self, image: Pixels, found: Refined, time: float | None) -> Observation:
        embedder = self._embedder(self.primary)
        crop = cut(image, found.matrix, embedder.entry.template)
        vector, norm = embedder.embed(crop, mirror=self._profile.effort.mirror)
        parts = quality.measure(found, crop, norm, float(embedder.entry.calibration.get("norm", norm)))
        return Observation(time, found.face, quality.score(parts), {self.primary: vector}, details=parts)

    def _detect(self) -> Detector:
        with self._lock:
            if self._detector is None:
                self._detector = Detector(self._detector_entry, self._session(self._detector_entry))
            return self._detector

    def _embedder(self, model_id: str) -> Embedder:
        with self._lock:
            if model_id not in self._embedders:
                entry = self._catalog.get(model_id)
                if entry.role != "embedder":
                    raise ModelError(f"{model_id} is no embedder.")
                self._embedders[model_id] = Embedder(entry, self._session(entry))
            return self._embedders[model_id]

    def _session(self, entry: ModelEntry) -> Session:
        return self._open(entry, self._settings, self._runtime)

    def _threads(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._settings.cores, thread_name_prefix="vision")
            return self._pool


def _awaited(waiting: deque[tuple[Frame, Future[list[AnalyzedFace]]]]) -> tuple[Frame, list[AnalyzedFace]]:
    frame, future = waiting.popleft()
    return frame, future.result()
