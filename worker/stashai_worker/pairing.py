"""What a worker does for a Stash's plugin: a copy of its people, looks at its media, and all that was seen on the way back.

Each Stash is told from others by its plugin's instance; its people are here as the source `stash:<instance>`.
"""

from __future__ import annotations

import json
from base64 import b64decode
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
from stashai.tracking.people import People
from stashai.tracking.records import ItemRow, JobRequest, JobRow
from stashai.tracking.vectors import to_bytes
from stashai.vision.engine import VisionEngine

from .state import WorkerState

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

    def __init__(self, state: WorkerState, instance: str) -> None:
        self._core, self._source = state.core, SOURCE + instance
        self._state, self._instance = state, instance
        self._rows = Exchange(state.core.ledger.database, self._source)

    # people ----------------------------------------------------------------------------------------------------------

    def compare_people(self, theirs: dict[str, Json]) -> list[str]:
        """Forget whom the plugin does not name, and answer whose rows it should send."""
        gone = self._rows.retain(theirs.keys())
        if gone:
            self._core.stores.crops.delete(gone)
            drop_graphs(self._core.settings)
        return self._rows.wanted(theirs)

    def take_people(self, people: list[Json]) -> None:
        self._rows.take_people(people, self._core.stores.crops.put)

    def forget_media(self, fingerprints: list[str]) -> None:
        self._core.stores.crops.delete(self._rows.drop_media(fingerprints))

    # looking ---------------------------------------------------------------------------------------------------------

    def ways(self, paths: list[str | None]) -> list[str]:
        media: Any = self._core.media
        return [media.way(path) for path in paths]

    def take_known(self, known: dict[str, Json], analysis: str) -> None:
        """Frames that the plugin has kept of media, and what was said of their faces, by fingerprint."""
        for fingerprint, one in known.items():
            self._rows.take_seen(fingerprint, analysis, one["seen"])
            self._rows.take_said(fingerprint, analysis, one["said"])
            for crop in one["crops"]:
                self._core.stores.crops.put(b64decode(crop))

    def request(self, items: list[LookItem], name: str, threshold: float, profile: str, key: str, watch: float | None) -> JobRequest:
        engine = self._core.engine(profile)
        params = LookParams(
            people=self._source, threshold=threshold, profile=profile, embedders=self._models(engine, profile), items=items  # type: ignore[arg-type]  # the request checked the profile
        )  # fmt: skip
        alone = items[0] if len(items) == 1 else None
        job = JobRequest(
            "stash.look", "facial_recognition", params.model_dump_json(), name, alone.type if alone else None,
            alone.id if alone else None, alone.title if alone else None, planned=len(items), idempotency_key=key,
            client_id=self._source,
        )  # fmt: skip
        return job if watch is None else replace(job, run_policy="watched", watch_seconds=watch)

    def _models(self, engine: VisionEngine, profile: str) -> list[str]:
        people = People(self._core.ledger.database)
        others = [] if profile == "fast" else [model for model in engine.installed_embedders if model != engine.primary]
        return [engine.primary, *(model for model in others if people.lacking(model, self._source) <= INLINE)]

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
        """A look with what it rests on. Faces are named by their places, people by their keys."""
        places = self._rows.places(look.fingerprint, analysis)
        keys = self._keys(look)
        seen = self._rows.seen(look.fingerprint, analysis, have.get(look.fingerprint, ()))
        wanted = {face["crop"] for frame in seen["frames"] for face in frame["faces"] if face["crop"]}
        crops = {key: self._core.stores.crops.get(key) for key in wanted}
        return {
            "look": look.model_dump(mode="json"), "places": {str(number): place for number, place in places.items()},
            "keys": {str(number): key for number, key in keys.items()}, "seen": seen,
            "crops": {key: packed(data) for key, data in crops.items() if data},
        }  # fmt: skip

    def _keys(self, look: Look) -> dict[int, str]:
        """The plugin's keys of the people whom a look names."""
        named = {person.person_id for person in look.people}
        for candidates in [*(person.candidates for person in look.people), *(stranger.candidates for stranger in look.unknown)]:
            named |= {one.person_id for one in candidates}
        people = People(self._core.ledger.database)
        found = {number: people.person(number) for number in named}
        return {number: person.key for number, person in found.items() if person is not None and person.source == self._source}

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
        person = People(self._core.ledger.database).find(self._source, key)
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


def look_job(job: JobRow | None, instance: str) -> JobRow:
    """The job, if it is that plugin's. Raises UsageError (404)."""
    if job is None or job.processor != "stash.look" or job.client_id != SOURCE + instance:
        raise UsageError("There is no such look.", code="not-found")
    return job


def check_items(items: list[LookItem]) -> None:
    if len({item.id for item in items}) != len(items):
        raise UsageError("An item is named twice.", code="bad-parameters")
