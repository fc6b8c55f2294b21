"""What a worker does for a Stash's plugin: a copy of its people, looks at its media, and all that was seen on the way back.

Each Stash is told from others by its plugin's instance; its people are here as the source `stash:<instance>`. When another worker
asks in place of one, they are lent: `lent:<instance>`, until nothing was asked for a while.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from stashai import __version__
from stashai.client import PROTOCOL
from stashai.errors import MediaError, UsageError
from stashai.matching.kept import drop_graphs
from stashai.media.fingerprint import fingerprint_bytes
from stashai.media.images import read_image
from stashai.processing.context import Context
from stashai.processing.control import JobControl
from stashai.processing.stores import Person
from stashai.processors.likeness import compared, likest
from stashai.processors.stash_learn import judge
from stashai.processors.stash_look import Look, LookItem, LookParams, so_far
from stashai.processors.stash_performers import Judged
from stashai.tracking.exchange import Exchange, packed
from stashai.tracking.lent import Lent
from stashai.tracking.people import LENT, People
from stashai.tracking.records import ItemRow, JobRequest, JobRow
from stashai.tracking.vectors import to_bytes
from stashai.vision.engine import VisionEngine

from .state import WorkerState
from .upcoming import first_items

SOURCE = "stash:"
INLINE = 8
"""References without the second model's vector that a look may complete by itself; more would keep it waiting."""
PAGE_BYTES = 8 << 20
Json = dict[str, Any]


def abilities(state: WorkerState, profile: str) -> Json:
    """What a plugin has to know before it asks for anything."""
    engine = state.core.engine(profile)
    return {
        "protocol": PROTOCOL, "version": __version__, "analysis": engine.detector_id, "primary": engine.primary,
        "embedders": engine.installed_embedders, "reference_floor": engine.reference_floor,
        "largest_upload": state.config.max_upload << 20, "reads_stash": bool(state.config.stash_url),
    }  # fmt: skip


class Pairing:
    """One Stash's part of the worker. Reads and writes rows: not on the event loop."""

    def __init__(self, state: WorkerState, instance: str, *, lent: bool) -> None:
        self._core, self.source = state.core, (LENT if lent else SOURCE) + instance
        self._state, self._lent = state, lent
        self._rows = Exchange(state.core.ledger.database, self.source)

    # people ----------------------------------------------------------------------------------------------------------

    def compare_people(self, theirs: dict[str, Json]) -> list[str]:
        """Forget whom the plugin does not name, also where they were lent to, and answer whose rows it should send."""
        self._used()
        gone = self._rows.retain(theirs.keys())
        if gone:
            self._core.stores.crops.delete(gone)
            drop_graphs(self._core.settings)
            self._state.lending.people_went(self.source)
        return self._rows.wanted(theirs)

    def people_here(self) -> Json:
        """Equal as long as nothing of any people changed."""
        database = self._core.ledger.database
        return {"people": len(People(database).of_source(self.source)), "version": People(database).version()}

    def take_people(self, people: list[Json]) -> None:
        self._rows.take_people(people, self._core.stores.crops.put)

    def forget_media(self, fingerprints: list[str]) -> None:
        self._core.stores.crops.delete(self._rows.drop_media(fingerprints))
        self._state.lending.media_went(self.source, fingerprints)

    def _used(self, media: Iterable[str] = ()) -> None:
        if self._lent:
            Lent(self._core.ledger.database).used(self.source, media)

    # looking ---------------------------------------------------------------------------------------------------------

    def ways(self, paths: list[str | None]) -> list[str]:
        media: Any = self._core.media
        return [media.way(path) for path in paths]

    def take_known(self, known: dict[str, Json], analysis: str) -> None:
        """Frames that the plugin has kept of media, and what was said of their faces, by fingerprint."""
        self._used(known)
        self._rows.take_known(known, analysis, self._core.stores.crops.put)

    def request(self, items: list[LookItem], name: str, threshold: float, profile: str, key: str, watch: float | None) -> JobRequest:
        self._used(medium for one in items for medium in (one.fingerprint, one.sprite) if medium)
        engine = self._core.engine(profile)
        params = LookParams(
            people=self.source, threshold=threshold, profile=profile, embedders=self._models(engine), items=items  # type: ignore[arg-type]  # the request checked the profile
        )  # fmt: skip
        alone = items[0] if len(items) == 1 else None
        job = JobRequest(
            "stash.look", "facial_recognition", params.model_dump_json(), name, alone.type if alone else None,
            alone.id if alone else None, alone.title if alone else None, planned=len(items), idempotency_key=key,
            client_id=self.source, items=first_items("stash.look", params, self._core),
        )  # fmt: skip
        return job if watch is None else replace(job, run_policy="watched", watch_seconds=watch)

    def _models(self, engine: VisionEngine) -> list[str]:
        people = People(self._core.ledger.database)
        return [engine.primary, *(model for model in engine.others if people.lacking(model, self.source) <= INLINE)]

    def results(self, job: JobRow, after: int, have: dict[str, list[int]], again: bool) -> Json:
        """Items that ended behind the cursor, as many as fit a page, and of a single one how far it is."""
        params = LookParams.model_validate_json(job.job_config)
        analysis = self._core.engine(params.profile).detector_id
        items, size = [], 0
        for row in self._core.ledger.items_after(job.job_id, after, 50):
            shown = self._ended(row, analysis, have)
            items.append(shown)
            size += len(json.dumps(shown))
            after = row.id
            if size > PAGE_BYTES:
                break
        look = None
        if len(params.items) == 1 and (again or not (job.ended or items)):
            look = so_far(params, params.items[0], self._context(job.job_id))
        return {"items": items, "cursor": after, "so_far": self._shown(look, analysis, have) if look else None}

    def _ended(self, row: ItemRow, analysis: str, have: dict[str, list[int]]) -> Json:
        look = Look.model_validate_json(row.response_data) if row.response_data else None
        shown = self._shown(look, analysis, have) if look else {}
        error = {"code": row.error_type or "error", "message": row.error_message or ""} if look is None else None
        return {"unit": row.unit, "error": error, "seconds": row.processing_time_seconds, **shown}

    def _shown(self, look: Look, analysis: str, have: dict[str, list[int]]) -> Json:
        """A look with what it rests on."""
        moments = have.get(look.fingerprint, ())
        return self._rows.shown(look.model_dump(mode="json"), analysis, moments, self._core.stores.crops.get)

    # faces -----------------------------------------------------------------------------------------------------------

    def judged(self, pictures: list[str], profile: str) -> list[Json]:
        """What performers' pictures (base64) can teach. Nothing of it is kept here."""
        engine = self._core.engine(profile)
        return [_portrait(picture, engine) for picture in pictures]

    def vectors(self, model: str, chips: list[str], profile: str) -> list[str]:
        """Vectors of kept chips."""
        engine = self._core.engine(profile)
        if model not in engine.installed_embedders:
            raise UsageError(f"The model {model!r} is not on this worker.", code="no-model")
        return [packed(to_bytes(engine.embed_chip(model, b64decode(chip)))) for chip in chips]

    def similar(self, key: str, count: int) -> list[Json]:
        """Whom the plugin knows that is most like this one."""
        engine = self._core.engine()
        found = likest(self._person(key), self._core.stores.people, engine.primary, count)
        return [{"key": one.person.key, "similarity": one.similarity, "probability": one.probability} for one in found]

    def compare(self, first: str, second: str) -> Json:
        result = compared(self._person(first), self._person(second), self._context(""))
        return {"similarities": result.similarities, "probability": result.probability}

    def _person(self, key: str) -> Person:
        person = People(self._core.ledger.database).find(self.source, key)
        if person is None:
            raise UsageError("Nobody of that key is known here.", code="not-found")
        return person

    def _context(self, job_id: str) -> Context:
        return self._core.context(JobControl(job_id, self._core.clock))


def _portrait(picture: str, engine: VisionEngine) -> Json:
    try:
        content = b64decode(picture)
        frame = read_image(content)[0]
    except MediaError as error:
        return _shown_judged(Judged(error.code, error.message)) | {"unreadable": True}
    return _shown_judged(judge(frame, engine.analyze(frame), fingerprint_bytes(content), engine.reference_floor))


def _shown_judged(judged: Judged) -> Json:
    return {
        "outcome": judged.outcome, "message": judged.message, "fingerprint": judged.fingerprint,
        "quality": None if judged.quality is None else float(judged.quality), "chip": packed(judged.chip) if judged.chip else None,
        "vectors": {model: packed(to_bytes(vector)) for model, vector in judged.vectors.items()},
        "box": [float(side) for side in judged.box],
        "choices": [[packed(chip), float(quality)] for chip, quality in judged.choices],
    }  # fmt: skip


def look_job(job: JobRow | None, source: str) -> JobRow:
    """The job, if it is that plugin's. Raises UsageError (404)."""
    if job is None or job.processor != "stash.look" or job.client_id != source:
        raise UsageError("There is no such look.", code="not-found")
    return job


def check_items(items: list[LookItem]) -> None:
    if len({item.id for item in items}) != len(items):
        raise UsageError("An item is named twice.", code="bad-parameters")
