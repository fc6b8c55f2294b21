"""The faces of one medium: out of rows where they are, decoded and kept where they are not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from ..contracts.findings import Problem
from ..media.asked import Answers
from ..media.frames import Frame
from ..media.interval import every as at_interval
from ..media.medium import Medium
from ..media.sampling import Mode, Stage, read, spread, stages
from ..media.video import VideoReader
from ..processing.context import Context
from ..processing.stores import SeenFrame
from ..vision.engine import AnalyzedFace
from ..vision.faces import Face, Observation

SAVE_EVERY = 8
"""Frames of a video between two saves: what a kill may cost."""
CROPS_A_FRAME = 12
"""Kept crops of one frame at most: its best faces; a crowd's others keep their vectors only."""


@dataclass(slots=True)
class MediumNotes:
    """What is kept of the medium itself. `looks` are the times of the frames of each look, by mode of sampling;
    `complete` says of a mode that there is no further look."""

    width: int = 0
    height: int = 0
    duration: float | None = None
    flags: list[dict[str, str]] = field(default_factory=list)
    looks: dict[str, list[list[float | None]]] = field(default_factory=dict)
    complete: list[str] = field(default_factory=list)

    @property
    def problems(self) -> list[Problem]:
        return [Problem(code=flag["code"], message=flag["message"]) for flag in self.flags]

    def flag(self, code: str, message: str) -> None:
        if all(flag["code"] != code for flag in self.flags):
            self.flags.append({"code": code, "message": message})


class Evidence:
    """The looks at one medium, the cheap ones first. A look that was taken before comes from rows without a decoder: the
    same mode of sampling sees the same frames, whatever else was looked at in between. `told` hears the share of a look at a
    video that is done."""

    def __init__(
        self, medium: Medium, mode: Mode, ctx: Context, *, every: int | None = None, told: Callable[[float], None] = lambda share: None
    ) -> None:
        self._told = told
        self._medium = medium
        self._every = every
        self._frames_of: Mode = mode
        self._mode = mode if every is None else f"every-{every}"
        self._ctx = ctx
        self._analysis = ctx.vision.detector_id
        store = ctx.stores.observations
        row: Any = store.media(medium.fingerprint, self._analysis)
        self.notes = MediumNotes(**row) if row else MediumNotes()
        self._frames = {frame.time: frame for frame in store.frames(medium.fingerprint, self._analysis)}
        self.decoded = 0

    def looks(self, *, going_on: bool = False) -> Iterator[list[SeenFrame]]:
        """All frames seen so far, after each look. The caller stops when it knows enough; `going_on` did not, until the last of the
        looks that were taken before."""
        times: list[float | None] = []
        for number, look in enumerate(self._kept_looks()):
            times += look
            is_last = number + 1 == len(self._kept_looks())
            if is_last or not going_on:
                yield self._seen(times)
            if is_last and self._mode in self.notes.complete:
                return
        if self._medium.still is not None:
            self._look_at_still(self._medium.still)
            yield self._seen(self._kept_looks()[0])
        elif self._medium.video is not None:
            yield from self._further_looks(self._medium.video, times)

    def _kept_looks(self) -> list[list[float | None]]:
        return self.notes.looks.get(self._mode, [])

    def _seen(self, times: Iterable[float | None]) -> list[SeenFrame]:
        return [self._frames[time] for time in dict.fromkeys(times) if time in self._frames]

    def _look_at_still(self, still: Callable[[], list[Frame]]) -> None:
        frames = still()
        (width, height), (across, down) = frames[0].size, frames[0].scale
        self.notes.width, self.notes.height = round(width * across), round(height * down)
        if len(frames) > 1:
            self.notes.duration = frames[-1].time
        for frame in frames:
            if frame.note:
                self.notes.flag("damaged", frame.note)
        # An animation or a sheet of tiles that was stopped half-way goes on where it was. Until then all of its length was looked at.
        self._analyze([frames[i] for i in spread(len(frames)) if frames[i].time not in self._frames])
        self._note_look([frame.time for frame in frames], last=True)

    def _further_looks(self, video: Callable[[], VideoReader], times: list[float | None]) -> Iterator[list[SeenFrame]]:
        with video() as reader:
            reader.watch(self._ctx.check)
            self._note_video(reader)
            planned = stages(reader.info, self._frames_of) if self._every is None else at_interval(reader.info, self._every)
            for number, stage in enumerate(planned):
                if number < len(self._kept_looks()):
                    continue
                look = self._take(reader, stage, last=number + 1 == len(planned))
                times += look
                yield self._seen(times)

    def _take(self, reader: VideoReader, stage: Stage, *, last: bool) -> list[float | None]:
        have = Answers((frame.asked, frame.time) for frame in self._frames.values() if frame.time is not None)
        seen: list[float | None] = [*stage.reused(reader.info, have)]
        planned = sum(len(part.missing(reader.info, have)) for part in (stage, stage.gaps) if part is not None)
        new = self._analyze(self._unseen(read(reader, stage, have), seen), planned)
        look = [*new, *seen]
        look.sort(key=lambda time: time or 0.0)
        for notice in reader.notices:
            self.notes.flag(notice.code, notice.message)
        if last and not self._frames:
            self.notes.flag("undecodable", "no frame of it could be decoded")
        self._note_look(look, last=last)
        return look

    def _unseen(self, frames: Iterable[Frame], seen: list[float | None]) -> Iterator[Frame]:
        """Those of `frames` that no other question was answered with before; the times of the others go to `seen`."""
        for frame in frames:
            if frame.time in self._frames:
                seen.append(frame.time)
            else:
                yield frame

    def _note_video(self, reader: VideoReader) -> None:
        info = reader.info
        self.notes.width, self.notes.height, self.notes.duration = info.width, info.height, info.duration or None

    def _note_look(self, look: list[float | None], *, last: bool) -> None:
        self.notes.looks.setdefault(self._mode, []).append(look)
        if last:
            self.notes.complete.append(self._mode)
        self._ctx.stores.observations.note_media(self._medium.fingerprint, self._analysis, asdict(self.notes))

    def _analyze(self, frames: Iterable[Frame], planned: int = 0) -> list[float | None]:
        """Detect and embed, on the shared threads for several frames; save now and then. Returns the times."""
        analyzed = self._ctx.vision.map(self._counted(frames))
        times: list[float | None] = []
        waiting: list[SeenFrame] = []
        try:
            for number, (frame, faces) in enumerate(analyzed, 1):
                waiting.append(self._keep(frame, faces))
                if planned:
                    self._told(min(1.0, number / planned))
                self._ctx.control.advanced()
                if len(waiting) >= SAVE_EVERY:
                    times += self._saved(waiting)
                    self._ctx.check()
        finally:
            # Also when the job is to stop here: what was seen is kept, so that steps of seconds come to an end.
            times += self._saved(waiting)
        return times

    def _saved(self, waiting: list[SeenFrame]) -> list[float | None]:
        """Save and clear `waiting`; their times."""
        seen = list(waiting)
        waiting.clear()
        if seen:
            self._ctx.stores.observations.save(self._medium.fingerprint, self._analysis, seen)
            self._frames.update({frame.time: frame for frame in seen})
        return [frame.time for frame in seen]

    def keep_extra(self, frame: Frame) -> None:
        """Analyse and keep a frame that no look asked for (the one that a person points at)."""
        self._analyze([frame])

    def _counted(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        for frame in frames:
            self._ctx.check()
            self.decoded += 1
            if frame.note:
                self.notes.flag("poor-video" if self._medium.video is not None else "damaged", frame.note)
            yield frame

    def _keep(self, frame: Frame, faces: Sequence[AnalyzedFace]) -> SeenFrame:
        best = sorted(range(len(faces)), key=lambda i: -faces[i].observation.quality)[:CROPS_A_FRAME]
        for index in best:
            chip = faces[index].chip
            if chip is not None:
                faces[index].observation.crop = self._ctx.stores.crops.put(chip)
        observations = [displayed(face.observation, frame) for face in faces]
        return SeenFrame(frame.time, observations, frame.note, frame.asked)


def displayed(observation: Observation, frame: Frame) -> Observation:
    """The observation with its face in displayed pixels: other ones than the frame's where that was reduced or is one eye of
    a stereo picture."""
    if frame.scale == (1.0, 1.0) and frame.origin == (0, 0):
        return observation
    face = observation.face
    x, y, w, h = face.box
    (left, top), (right, bottom) = frame.displayed(np.array([[x, y], [x + w, y + h]], np.float32)).tolist()
    observation.face = Face((left, top, right - left, bottom - top), frame.displayed(face.landmarks), face.score, face.roll)
    return observation
