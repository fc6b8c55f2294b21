"""One medium's people, end to end: looks, second opinions, decision. What all identifying services share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Literal

from pydantic import BaseModel

from ..contracts.common import Probability
from ..contracts.findings import Findings
from ..matching.fitted import calibration_for
from ..matching.gallery import Gallery
from ..matching.keeping import kept_gallery
from ..matching.kept import graphs_folder
from ..matching.recognizer import Recognizer
from ..media.medium import Medium
from ..processing.context import Context
from ..processing.stores import Person, Reference
from ..vision.profile import Profile
from .embeddings import complete
from .evidence import Evidence
from .naming import findings_of
from .opinions import decide_with_further_opinions

READ_ALONE = 500
"""So many people's references are read one person after the other; for more, those of all."""


class RecognitionParams(BaseModel):
    """`people` is the origin (a people folder, a Stash) whose people alone are matched, None for all who are enrolled.
    `threshold` None is the calibrated operating point; `top` limits the candidates a person. `embedders` are fixed when the
    job is made, so that going on after a kill changes nothing. `every`: seconds between frames, instead of as many as needed."""

    people: str | None = None
    threshold: Probability | None = None
    top: int = 5
    frames: Literal["auto", "keyframes", "dense"] = "auto"
    profile: Literal["fast", "balanced", "thorough"] = "balanced"
    embedders: list[str] = []
    every: int | None = None


class Recognition:
    """Who may be found, read once a run. Used by several threads at once."""

    graphs: ClassVar = True
    """Whether a run is long enough for a search graph among very many people: it takes seconds to build."""

    def __init__(self, params: RecognitionParams, ctx: Context) -> None:
        self._params = params
        primary = ctx.vision.primary
        others = [model for model in params.embedders if model != primary]
        self._fitted = calibration_for([primary, *others], ctx.settings)
        self._others = [model for model in others if self._fitted.supports((primary, model))]
        self.models = [primary, *self._others]
        key = ("gallery", params.people, *self.models)
        gallery = ctx.remembered.get(key, ctx.stores.people.version(), lambda: self._gallery(ctx))
        self._recognizer = Recognizer(gallery, self._fitted, Profile(params.profile))

    def _gallery(self, ctx: Context) -> Gallery:
        store, whose = ctx.stores.people, self._params.people

        def read(people: Sequence[Person]) -> list[Reference]:
            if len(people) > READ_ALONE:
                wanted = {person.id for person in people}
                found = [reference for reference in store.references(origin=whose) if reference.person_id in wanted]
            else:
                found = [reference for person in people for reference in store.references(origin=whose, person_id=person.id)]
            return complete(found, self.models, ctx)

        people, folder = store.people(origin=whose), graphs_folder(ctx.settings)
        return kept_gallery(people, read, self.models, self._fitted, folder, whose or "", graphs=self.graphs)

    def identify(self, medium: Medium, ctx: Context, progress: Callable[[float], None], *, going_on: bool = False) -> Findings:
        """Look at `medium` until its people are decided, the looks are used up, or the job is to stop (Cancelled). `going_on`: what was
        seen before is decided on as a whole, not look by look."""
        # Nobody knows how many looks it takes: each is two fifths of what is left, unless there is but one.
        left = 0.6 if self._params.frames == "auto" and self._params.every is None else 0.0
        done = 0
        evidence = Evidence(
            medium, self._params.frames, ctx, every=self._params.every,
            told=lambda share: progress(1.0 - left**done * (1.0 - (1.0 - left) * share)),
        )  # fmt: skip
        rejected, confirmed = verdicts(medium.fingerprint, ctx)
        findings = Findings()
        for frames in evidence.looks(going_on=going_on):
            done += 1
            progress(1.0 - left**done)
            decision = decide_with_further_opinions(
                self._recognizer,
                frames,
                ctx,
                threshold=self._params.threshold,
                others=self._others,
                rejected=rejected,
                confirmed=confirmed,
            )
            findings = findings_of(decision, evidence, frames, self._params.top, ctx.vision.family)
            if decision.settled:
                break
        findings.models = list(self.models)
        findings.status = "flagged" if findings.flags else "done"
        return findings


def verdicts(fingerprint: str, ctx: Context) -> tuple[Sequence[tuple[int, int]], Sequence[tuple[int, int]]]:
    """What people said of the faces of a medium: (observation id, person id) rejected, and confirmed."""
    said = ctx.stores.decisions.decisions(fingerprint)
    pairs = [(verdict.accepted, (seen, verdict.person_id)) for verdict in said for seen in verdict.observation_ids]
    return [pair for accepted, pair in pairs if not accepted], [pair for accepted, pair in pairs if accepted]
