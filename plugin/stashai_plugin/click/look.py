"""What a step does for a scene, an image, a gallery or one frame: learn a little, look a little further, say what is known."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stashai.errors import MediaError, Paused
from stashai.processing.control import JobControl
from stashai.processors.stash_media import medium_of, sprite_of
from stashai.processors.stash_recognition import SteppedRecognition

from ..looking.findings import StashFindings, failed_outcome, findings_of_job, outcome_of
from ..looking.params import recognition_params
from ..looking.results import gallery_result, result_of
from .learning import catch_up, learn_first

if TYPE_CHECKING:
    from stashai.processing.context import Context
    from stashai.stash.entities import Gallery, Item
    from stashai.tracking.records import Claim

    from ..host.bench import Bench
    from ..host.deadline import Limit

LEAST_WORK = 1.2
"""Seconds of the processor that a step has for looking, however long its start took."""
Json = dict[str, Any]


class Look:
    """`ctx` ends with the step; what is short and worth finishing (reading people, a batch of pictures) runs in a calm one."""

    def __init__(self, bench: Bench, claim: Claim, ctx: Context, limit: Limit) -> None:
        self._bench, self._claim, self._ctx, self._limit = bench, claim, ctx, limit
        self._calm = replace(ctx, control=JobControl(ctx.control.job_id, ctx.clock))

    def work(self) -> tuple[Json, bool]:
        """(the result as pages show it, whether there is more)."""
        config = json.loads(self._claim.job.job_config)
        learn_first(self._bench, self._calm, self._limit)
        if config["type"] == "gallery":
            return self._gallery(config["id"])
        item = self._bench.gateway.item(config["type"], config["id"])
        if item is None:
            raise MediaError(f"The {config['type']} was deleted.", code="not-found")
        if config["mode"] == "frame":
            return self._frame(item, float(config["time"]))
        return self._item(item)

    def _recognition(self) -> SteppedRecognition:
        return SteppedRecognition(recognition_params(self._bench), self._calm)

    def _item(self, item: Item) -> tuple[Json, bool]:
        recognition = self._recognition()
        medium = medium_of(item, self._bench.gateway, self._ctx.stores.observations)
        self._limit.leave(LEAST_WORK)
        findings, done, source = None, False, "image" if item.kind == "image" else "keyframes"
        if item.kind == "scene" and not recognition.has_seen(medium, self._ctx):
            findings = None if self._has_shown_sprite() else self._sprite(item, recognition)
        if findings is None:
            seen, done = recognition.look(medium, self._ctx, lambda fraction: None)
            findings = StashFindings(**seen.model_dump(), fingerprint=medium.fingerprint, source=source)
        if done and catch_up(self._bench, self._calm, self._limit):
            seen = self._recognition().so_far(medium, self._ctx)
            findings = StashFindings(**seen.model_dump(), fingerprint=medium.fingerprint, source=source)
        finished = done and not self._bench.mirror.waiting(1)
        return self._answer(item, findings, finished), not finished

    def _sprite(self, item: Item, recognition: SteppedRecognition) -> StashFindings | None:
        """The first, quick look at a scene; None when there is no sprite sheet, or none that can be used."""
        try:
            sprite = sprite_of(item, self._bench.gateway)
            if sprite is None:
                return None
            seen, _ = recognition.look(sprite, self._ctx, lambda fraction: None)
        except MediaError as error:
            self._bench.request.log.warning(str(error))
            return None
        return StashFindings(**seen.model_dump(), fingerprint=sprite.fingerprint, source="sprite")

    def _has_shown_sprite(self) -> bool:
        kept = self._bench.mirror.fact(f"findings:{self._claim.job.job_id}")
        return kept is not None and json.loads(kept).get("source") == "sprite"

    def _frame(self, item: Item, moment: float) -> tuple[Json, bool]:
        recognition = self._recognition()
        medium = medium_of(item, self._bench.gateway, self._ctx.stores.observations)
        seen = recognition.look_at(medium, moment, self._calm)
        findings = StashFindings(**seen.model_dump(), fingerprint=medium.fingerprint, source="frame")
        return self._answer(item, findings, True), False

    def _answer(self, item: Item, findings: StashFindings, finished: bool) -> Json:
        data = findings.model_dump_json()
        if finished:
            outcome = outcome_of(item, findings, 0, self._claim.job.started_at)
            self._bench.ledger.checkpoint(self._claim, [outcome])
            self._bench.ledger.finish(
                self._claim, "completed", summary={"people": [p.name for p in findings.people]}, ai_model=outcome.ai_model
            )
            self._bench.mirror.note(f"findings:{self._claim.job.job_id}", None)
        else:
            self._bench.mirror.note(f"findings:{self._claim.job.job_id}", data)
        return result_of(self._bench, item.kind, item.id, findings, item.performers, not finished)

    def _gallery(self, gallery_id: str) -> tuple[Json, bool]:
        bench = self._bench
        gallery = bench.gateway.gallery(gallery_id)
        if gallery is None:
            raise MediaError("The gallery was deleted.", code="not-found")
        recognition = self._recognition()
        self._limit.leave(LEAST_WORK)
        complete = True
        for number, image in enumerate(bench.gateway.gallery_images(gallery_id)):
            if bench.ledger.is_done(self._claim.job.id, image.id):
                continue
            if self._limit.is_reached or not self._image(image, number, gallery, recognition):
                complete = False
                break
        if complete:
            bench.ledger.finish(self._claim, "completed")
        found = findings_of_job(bench, self._claim.job.job_id)
        return gallery_result(bench, gallery_id, found, gallery.performers, not complete), not complete

    def _image(self, image: Item, number: int, gallery: Gallery, recognition: SteppedRecognition) -> bool:
        """One image of a gallery, kept as an item of the job; False when the step ended in the middle of it."""
        try:
            medium = medium_of(image, self._bench.gateway, self._ctx.stores.observations)
            seen, done = recognition.look(medium, self._ctx, lambda fraction: None)
            if not done:
                return False
            findings = StashFindings(**seen.model_dump(), fingerprint=medium.fingerprint, source="image")
            outcome = outcome_of(image, findings, number, None)
        except Paused:
            return False
        except MediaError as error:
            outcome = failed_outcome(image, number, error)
        self._bench.ledger.checkpoint(self._claim, [outcome], planned=gallery.image_count)
        return True
