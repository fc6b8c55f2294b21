"""One step of a click's job: learn a little, look a little further, answer with what is known by then."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stashai.errors import Cancelled, LeaseLost, MediaError, Paused, StashAIError
from stashai.processing.control import JobControl
from stashai.processors.recognition import RecognitionParams
from stashai.processors.stash_learn import ORIGIN, learn_batch, sync
from stashai.processors.stash_media import medium_of, sprite_of
from stashai.processors.stash_recognition import SteppedRecognition
from stashai.tracking.records import Claim, JobRow, Outcome

from .host import Limit
from .identify import queue_learning
from .results import StashFindings, gallery_result, result_of, shown_job

if TYPE_CHECKING:
    from stashai.processing.context import Context
    from stashai.stash.entities import Gallery, Item

    from .host import Bench

LEARN_BATCH = 8
SYNC_AGAIN = 300.0
"""Seconds after which a click asks Stash again for new and changed performers."""
FIRST_LEARNING = 1.2
"""Seconds of the first step that go to learning when nobody is known yet."""
LEAST_WORK = 1.2
"""Seconds of the processor that a step has for looking, however long its start took."""
BATCH_TAKES = 0.6
"""Seconds that a batch may take: none is begun later than this before the end."""
Json = dict[str, Any]


class Chain:
    def __init__(self, bench: Bench, deadline: float) -> None:
        self._bench, self._limit = bench, Limit(deadline)

    def waiting(self, job: JobRow, why: str) -> Json:
        return {"job": shown_job(job), "result": None, "more": not job.ended, "waiting": why}

    def ended(self, job: JobRow) -> Json:
        result = None if job.status != "completed" else kept_result(self._bench, job.entity_type or "", job.entity_id or "")
        return {"job": shown_job(job), "result": result, "more": False}

    def run(self, claim: Claim) -> Json:
        """Work until the deadline; the row is put back, finished or failed accordingly."""
        bench = self._bench
        try:
            with bench.control(claim, self._limit) as control:
                result, more = self._work(claim, bench.context(control))
        except Cancelled as error:
            if isinstance(error, Paused):
                bench.ledger.release(claim, "")
                return {"job": self._row(claim), "result": None, "more": True}
            bench.ledger.finish(claim, "cancelled", reason=error.message)
            return {"job": self._row(claim), "result": None, "more": False}
        except LeaseLost:
            return self.waiting(claim.job, "Another page is at work on this.")
        except StashAIError as error:
            self._fail(claim, error)
            raise
        except Exception as error:
            self._fail(claim, StashAIError(f"{type(error).__name__}: {error}", code="internal"))
            raise
        if more:
            bench.ledger.release(claim, self._progress_text())
        return {"job": self._row(claim), "result": result, "more": more}

    def _row(self, claim: Claim) -> Json:
        return shown_job(self._bench.ledger.job(claim.job.job_id) or claim.job)

    def _fail(self, claim: Claim, error: StashAIError) -> None:
        job = claim.job
        outcome = Outcome(
            job.entity_id or "", 0, job.entity_type or "", job.entity_id or "", "error", time.time(), 0.0, name=job.entity_name,
            error_type=error.code, error_message=str(error),
        )  # fmt: skip
        self._bench.ledger.checkpoint(claim, [outcome])
        self._bench.ledger.finish(claim, "failed", error=(error.code, error.message, error.remedy))

    def _progress_text(self) -> str:
        done, total = self._bench.mirror.progress()
        return f"compared with {done:,} of {total:,}" if done < total else ""

    # the work --------------------------------------------------------------------------------------------------------

    def _work(self, claim: Claim, ctx: Context) -> tuple[Json, bool]:
        config = json.loads(claim.job.job_config)
        self._learn_first(calm(ctx))
        if config["type"] == "gallery":
            return self._gallery(claim, config["id"], ctx)
        item = self._bench.gateway.item(config["type"], config["id"])
        if item is None:
            raise MediaError(f"The {config['type']} was deleted.", code="not-found")
        if config["mode"] == "frame":
            return self._frame(claim, item, float(config["time"]), ctx)
        return self._item(claim, item, ctx)

    def _learn_first(self, ctx: Context) -> None:
        """Nobody can be named before somebody is known: look at Stash's performers, and learn the first few."""
        bench = self._bench
        if time.time() - float(bench.mirror.fact("synced") or 0.0) > SYNC_AGAIN:
            sync(bench.gateway, bench.mirror, ctx)
            queue_learning(bench)
        if bench.mirror.progress()[0] == 0:
            self._learn(ctx, time.monotonic() + FIRST_LEARNING)

    def _learn(self, ctx: Context, until: float) -> int:
        """Learn waiting performers until that moment; how many."""
        learned = 0
        while time.monotonic() < min(until, self._limit.at - BATCH_TAKES) or not learned:
            waiting = self._bench.mirror.waiting(LEARN_BATCH)
            if not waiting:
                break
            learned += sum(1 for _ in learn_batch(waiting, self._bench.gateway, self._bench.mirror, ctx))
        return learned

    def _recognition(self, ctx: Context) -> SteppedRecognition:
        return SteppedRecognition(recognition_params(self._bench), ctx)

    def _item(self, claim: Claim, item: Item, ctx: Context) -> tuple[Json, bool]:
        recognition = self._recognition(calm(ctx))
        medium = medium_of(item, self._bench.gateway, ctx.stores.observations)
        self._limit.leave(LEAST_WORK)
        findings, done, source = None, False, "image" if item.kind == "image" else "keyframes"
        if item.kind == "scene" and not recognition.has_seen(medium, ctx):
            findings = None if self._has_shown_sprite(claim) else self._sprite(item, recognition, ctx)
        if findings is None:
            seen, done = recognition.look(medium, ctx, lambda fraction: None)
            findings = StashFindings(**seen.model_dump(), fingerprint=medium.fingerprint, source=source)
        if done and self._catch_up(ctx):
            seen = self._recognition(calm(ctx)).so_far(medium, ctx)
            findings = StashFindings(**seen.model_dump(), fingerprint=medium.fingerprint, source=source)
        finished = done and not self._bench.mirror.waiting(1)
        return self._answer(claim, item, findings, finished), not finished

    def _sprite(self, item: Item, recognition: SteppedRecognition, ctx: Context) -> StashFindings | None:
        """The first, quick look at a scene; None when there is no sprite sheet, or none that can be used."""
        try:
            sprite = sprite_of(item, self._bench.gateway)
            if sprite is None:
                return None
            seen, _ = recognition.look(sprite, ctx, lambda fraction: None)
        except MediaError as error:
            self._bench.request.log.warning(str(error))
            return None
        return StashFindings(**seen.model_dump(), fingerprint=sprite.fingerprint, source="sprite")

    def _has_shown_sprite(self, claim: Claim) -> bool:
        kept = self._bench.mirror.fact(f"findings:{claim.job.job_id}")
        return kept is not None and json.loads(kept).get("source") == "sprite"

    def _catch_up(self, ctx: Context) -> int:
        """The medium is done with: what is left of the step, a batch at least, goes to learning whom else it might show."""
        return self._learn(calm(ctx), self._limit.at)

    def _frame(self, claim: Claim, item: Item, moment: float, ctx: Context) -> tuple[Json, bool]:
        recognition = self._recognition(calm(ctx))
        medium = medium_of(item, self._bench.gateway, ctx.stores.observations)
        seen = recognition.look_at(medium, moment, calm(ctx))
        findings = StashFindings(**seen.model_dump(), fingerprint=medium.fingerprint, source="frame")
        return self._answer(claim, item, findings, True), False

    def _answer(self, claim: Claim, item: Item, findings: StashFindings, finished: bool) -> Json:
        data = findings.model_dump_json()
        if finished:
            outcome = outcome_of(item, findings, 0, claim.job.started_at)
            self._bench.ledger.checkpoint(claim, [outcome])
            self._bench.ledger.finish(claim, "completed", summary={"people": [p.name for p in findings.people]}, ai_model=outcome.ai_model)
            self._bench.mirror.note(f"findings:{claim.job.job_id}", None)
        else:
            self._bench.mirror.note(f"findings:{claim.job.job_id}", data)
        return result_of(self._bench, item.kind, item.id, findings, item.performers, not finished)

    def _gallery(self, claim: Claim, gallery_id: str, ctx: Context) -> tuple[Json, bool]:
        bench = self._bench
        gallery = bench.gateway.gallery(gallery_id)
        if gallery is None:
            raise MediaError("The gallery was deleted.", code="not-found")
        recognition = self._recognition(calm(ctx))
        self._limit.leave(LEAST_WORK)
        complete = True
        for number, image in enumerate(bench.gateway.gallery_images(gallery_id)):
            if bench.ledger.is_done(claim.job.id, image.id):
                continue
            if self._limit.is_reached or not self._image(claim, image, number, gallery, recognition, ctx):
                complete = False
                break
        if complete:
            bench.ledger.finish(claim, "completed")
        found = findings_of_job(bench, claim.job.job_id)
        return gallery_result(bench, gallery_id, found, gallery.performers, not complete), not complete

    def _image(self, claim: Claim, image: Item, number: int, gallery: Gallery, recognition: SteppedRecognition, ctx: Context) -> bool:
        """One image of a gallery, kept as an item of the job; False when the step ended in the middle of it."""
        try:
            medium = medium_of(image, self._bench.gateway, ctx.stores.observations)
            seen, done = recognition.look(medium, ctx, lambda fraction: None)
            if not done:
                return False
            findings = StashFindings(**seen.model_dump(), fingerprint=medium.fingerprint, source="image")
            outcome = outcome_of(image, findings, number, None)
        except Paused:
            return False
        except MediaError as error:
            outcome = failed_outcome(image, number, error)
        self._bench.ledger.checkpoint(claim, [outcome], planned=gallery.image_count)
        return True


def calm(ctx: Context) -> Context:
    """The context without the step's end, for what is short and worth finishing: reading people, a batch of pictures."""
    return replace(ctx, control=JobControl(ctx.control.job_id, ctx.clock))


INLINE = 8
"""References without the second model's embedding that a step may complete by itself; more are the learning task's."""


def lacking(bench: Bench, model: str) -> int:
    """How many usable references have no embedding of `model` yet."""
    query = (
        "SELECT count(*) FROM reference_faces r WHERE r.usable AND NOT EXISTS "
        "(SELECT 1 FROM reference_embeddings e WHERE e.reference = r.id AND e.model = ?)"
    )
    return int(bench.ledger.database.scalar(query, (model,)))


def recognition_params(bench: Bench) -> RecognitionParams:
    """What the settings ask for. All performers of this Stash who were learned are compared with; the second model joins when
    it knows them, too."""
    profile = bench.preferences["profile"]
    embedders = [bench.vision.primary]
    if profile != "fast":
        embedders += [m for m in bench.vision.installed_embedders if m != bench.vision.primary and lacking(bench, m) <= INLINE]
    return RecognitionParams(people=ORIGIN, threshold=bench.preferences["suggest_from"], profile=profile, embedders=embedders)


def item_name(item: Item) -> str | None:
    """The title, else the file's name."""
    return item.title or (item.file.path.replace("\\", "/").rpartition("/")[2] if item.file else None)


def outcome_of(item: Item, findings: StashFindings, number: int, started: float | None) -> Outcome:
    begun = started or time.time()
    probabilities = tuple(person.probability for person in findings.people)
    return Outcome(
        item.id, number, item.kind, item.id, "pass", begun, max(0.0, time.time() - begun), path=item.file.path if item.file else None,
        name=item_name(item), data=findings.model_dump_json(), ai_model=",".join(findings.models), people_found=len(findings.people),
        confidences=probabilities,
    )  # fmt: skip


def failed_outcome(item: Item, number: int, error: StashAIError) -> Outcome:
    return Outcome(
        item.id, number, item.kind, item.id, "error", time.time(), 0.0, path=item.file.path if item.file else None, name=item_name(item),
        error_type=error.code, error_message=str(error),
    )  # fmt: skip


def findings_of_job(bench: Bench, job_id: str) -> dict[str, StashFindings]:
    """The findings of a job's items by the item's id in Stash."""
    rows = bench.ledger.all_items(job_id)
    return {row.entity_id: StashFindings.model_validate_json(row.response_data) for row in rows if row.response_data}


def newest_findings(bench: Bench, kind: str, entity_id: str) -> StashFindings | None:
    """What the last finished look at a scene or an image came to."""
    for row in bench.ledger.items_of(kind, entity_id, limit=10):
        if row.response_data:
            return StashFindings.model_validate_json(row.response_data)
    return None


def unfinished_findings(bench: Bench, kind: str, entity_id: str) -> StashFindings | None:
    """What a look whose dialog was closed before its end has found so far."""
    for job in bench.ledger.jobs(entity=(kind, entity_id), limit=5):
        kept = bench.mirror.fact(f"findings:{job.job_id}")
        if kept is not None:
            return StashFindings.model_validate_json(kept)
    return None


def current_findings(bench: Bench, job: JobRow) -> Mapping[str, StashFindings]:
    """What a job knows now, by the item's id: its items, or the provisional look of a click that goes on."""
    kept = bench.mirror.fact(f"findings:{job.job_id}")
    if kept is not None and job.entity_id:
        return {job.entity_id: StashFindings.model_validate_json(kept)}
    return findings_of_job(bench, job.job_id)


def kept_result(bench: Bench, kind: str, entity_id: str) -> Json | None:
    """The newest Result of an item, out of rows."""
    if kind == "gallery":
        jobs = [job for job in bench.ledger.jobs(entity=(kind, entity_id), limit=20) if bench.ledger.item_count(job.job_id)]
        gallery = bench.gateway.gallery(entity_id)
        if not jobs or gallery is None:
            return None
        return gallery_result(bench, entity_id, findings_of_job(bench, jobs[0].job_id), gallery.performers, not jobs[0].ended)
    finished = newest_findings(bench, kind, entity_id)
    findings = finished or unfinished_findings(bench, kind, entity_id)
    item = bench.gateway.item("scene" if kind == "scene" else "image", entity_id)
    return None if findings is None or item is None else result_of(bench, kind, entity_id, findings, item.performers, finished is None)
