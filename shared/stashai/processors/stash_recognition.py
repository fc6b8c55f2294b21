"""Recognition in steps: a look that may be cut off at any moment still answers with what it saw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..contracts.findings import Findings
from ..errors import Paused
from ..media.medium import Medium
from ..processing.context import Context
from ..processing.control import JobControl
from ..processing.stores import SeenFrame
from .evidence import Evidence
from .naming import findings_of
from .opinions import decide_with_further_opinions
from .recognition import Recognition, verdicts


class SteppedRecognition(Recognition):
    graphs = False

    def look(self, medium: Medium, ctx: Context, progress: Callable[[float], None]) -> tuple[Findings, bool]:
        """The people of `medium`, and whether that is the last word. Frames that were kept are not decoded again, so the
        next call goes on where this one was paused."""
        try:
            return self.identify(medium, ctx, progress, going_on=True), True
        except Paused:
            return self.so_far(medium, ctx), False

    def so_far(self, medium: Medium, ctx: Context, only: Callable[[SeenFrame], bool] = lambda frame: True) -> Findings:
        """The people among the kept frames that pass `only`: rows alone, no decoder."""
        # The job's own control says stop; reading rows takes a moment and is worth it.
        calm = replace(ctx, control=JobControl(ctx.control.job_id, ctx.clock))
        evidence = Evidence(medium, self._params.frames, calm)
        frames = [frame for frame in ctx.stores.observations.frames(medium.fingerprint, ctx.vision.detector_id) if only(frame)]
        rejected, confirmed = verdicts(medium.fingerprint, ctx)
        decision = decide_with_further_opinions(
            self._recognizer,
            frames,
            calm,
            threshold=self._params.threshold,
            others=(),
            rejected=rejected,
            confirmed=confirmed,
        )
        findings = findings_of(decision, evidence, frames, self._params.top, ctx.vision.family)
        findings.models = list(self.models)
        return findings

    def has_seen(self, medium: Medium, ctx: Context) -> bool:
        """Whether any frame of it was kept before."""
        return bool(ctx.stores.observations.frames(medium.fingerprint, ctx.vision.detector_id))

    def look_at(self, medium: Medium, time: float, ctx: Context) -> Findings:
        """The people in the one frame at `time` seconds."""
        if medium.video is None:
            return self.identify(medium, ctx, lambda fraction: None)
        with medium.video() as reader:
            frame = next(iter(reader.at([time])), None)
            tolerance = 1.0 / reader.info.frame_rate
        if frame is None:
            return self.so_far(medium, ctx, only=lambda seen: False)
        evidence = Evidence(medium, self._params.frames, ctx)
        evidence.keep_extra(frame)
        moment = frame.time if frame.time is not None else time
        return self.so_far(medium, ctx, only=lambda seen: seen.time is not None and abs(seen.time - moment) < tolerance / 2)
