"""What a step does for a scene, an image, a gallery or one frame: learn a little, look a little further, say what is known. Who
looks is the engine's affair: the row, what is kept and what is answered are the same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from stashai.errors import MediaError

from ..looking.findings import failed_outcome, findings_of_job, outcome_of
from ..looking.galleries import gallery_result
from ..looking.reading import StashFindings, findings_text
from ..looking.results import result_of
from .gallery_turns import GalleryTurns
from .learning import catch_up, is_waiting, learn_first

if TYPE_CHECKING:
    from stashai.stash.entities import Gallery, Item
    from stashai.tracking.records import Claim

    from ..engine.base import Engine
    from ..host.bench import Bench
    from ..host.deadline import Step

Json = dict[str, Any]


class Look:
    def __init__(self, bench: Bench, claim: Claim, engine: Engine, step: Step) -> None:
        self._bench, self._claim, self._engine, self._step = bench, claim, engine, step

    def work(self) -> tuple[Json | None, bool]:
        """(the result as pages show it, whether there is more)."""
        config = json.loads(self._claim.job.job_config)
        learn_first(self._bench, self._engine, self._step)
        if config["type"] == "gallery":
            return self._gallery(config["id"])
        item = self._bench.gateway.item(config["type"], config["id"])
        if item is None:
            raise MediaError(f"The {config['type']} was deleted.", code="not-found", params={"type": config["type"], "id": config["id"]})
        if config["mode"] == "frame":
            return self._frame(item, float(config["time"]))
        return self._item(item)

    def _item(self, item: Item) -> tuple[Json, bool]:
        job = self._claim.job.job_id
        findings, done = self._engine.look(job, item, sprite_first=not self._has_shown_sprite())
        if done and catch_up(self._bench, self._engine, self._step):
            # What is left of the step, a batch at least, went to learning whom else it might show.
            findings = self._engine.again(job, item)
        finished = done and not is_waiting(self._bench)
        return self._answer(item, findings, finished), not finished

    def _has_shown_sprite(self) -> bool:
        kept = self._bench.mirror.fact(f"findings:{self._claim.job.job_id}")
        return kept is not None and json.loads(kept).get("source") == "sprite"

    def _frame(self, item: Item, moment: float) -> tuple[Json | None, bool]:
        findings = self._engine.look_at(self._claim.job.job_id, item, moment)
        if findings is None:
            return None, True
        learned = catch_up(self._bench, self._engine, self._step)
        finished = not learned and not is_waiting(self._bench)
        return self._answer(item, findings, finished), not finished

    def _answer(self, item: Item, findings: StashFindings, finished: bool) -> Json:
        if finished:
            outcome = outcome_of(item, findings, 0, self._claim.job.started_at)
            self._bench.ledger.checkpoint(self._claim, [outcome])
            people = {"people": [p.name for p in findings.people]}
            self._bench.ledger.finish(self._claim, "completed", summary=people, ai_model=outcome.ai_model)
            self._bench.mirror.note(f"findings:{self._claim.job.job_id}", None)
        else:
            self._bench.mirror.note(f"findings:{self._claim.job.job_id}", findings_text(findings))
        return result_of(self._bench, item.kind, item.id, findings, item.performers, not finished)

    def _gallery(self, gallery_id: str) -> tuple[Json, bool]:
        bench = self._bench
        gallery = bench.gateway.gallery(gallery_id)
        if gallery is None:
            raise MediaError("The gallery was deleted.", code="not-found", params={"type": "gallery", "id": gallery_id})
        images = list(enumerate(bench.gateway.gallery_images(gallery_id)))
        turns = GalleryTurns(bench, self._claim.job, images)
        for number, image, found in self._engine.images(self._claim.job.job_id, turns.waiting):
            self._keep_image(image, number, gallery, found)
            turns.seen(image)
        more = turns.end(lambda: catch_up(bench, self._engine, self._step))
        if not more:
            bench.ledger.finish(self._claim, "completed")
        kept = findings_of_job(bench, self._claim.job.job_id)
        return gallery_result(bench, gallery_id, kept, gallery.performers, more), more

    def _keep_image(self, image: Item, number: int, gallery: Gallery, found: StashFindings | MediaError) -> None:
        """What was found is that image's row; in a further turn, what its row says now."""
        outcome = failed_outcome(image, number, found) if isinstance(found, MediaError) else outcome_of(image, found, number, None)
        if outcome.result == "pass" and self._bench.ledger.is_done(self._claim.job.id, image.id):
            self._bench.ledger.revise(self._claim, [outcome])
        else:
            self._bench.ledger.checkpoint(self._claim, [outcome], planned=gallery.image_count)
