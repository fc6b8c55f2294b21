"""What a Stash's plugin asks of a worker: its people kept here, looks at its media, results by cursor."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Literal

from anyio import to_thread
from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, Field

from stashai.contracts.exchange import Fingerprint, Key, Known, Mark, Packed, SentPerson, Short, Whole
from stashai.processors.stash_look import LookForStash, LookItem

from ..elsewhere import ServiceDownError
from ..jobs import finished
from ..pairing import Pairing, abilities, check_items, look_job
from ..state import WorkerState
from ..views import job_view
from .asking import FAILURES, Direct, Queue, State

logger = logging.getLogger(__name__)
router = APIRouter(prefix="/stash", tags=["stash"], responses=FAILURES)

Instance = Annotated[str, Path(pattern=r"^[0-9a-f]{16,40}$", description="Which Stash's plugin asks")]
Profile = Literal["fast", "balanced", "thorough"]


async def pairing_with(instance: Instance, state: State, direct: Direct) -> Pairing:
    """With the plugin of that instance, or with another worker that asks in its place."""
    return Pairing(state, instance, lent=not direct)


Paired = Annotated[Pairing, Depends(pairing_with)]


class Abilities(BaseModel):
    """`analysis` names what is kept of a face: only rows of the same analysis can be exchanged. `protocol` must be the plugin's."""

    protocol: int
    version: str
    analysis: str
    primary: str
    embedders: list[str]
    reference_floor: float
    largest_upload: int
    reads_stash: bool


class PeopleMarks(BaseModel):
    """Everybody whom the plugin knows, by their key: whoever is missing is forgotten here."""

    people: dict[Key, Mark] = Field(max_length=1_000_000)


class Wanted(BaseModel):
    wanted: list[str]


class PeopleHere(BaseModel):
    """`version` grows with every change of people here, whoever's they are."""

    people: int
    version: int


class People(BaseModel):
    people: list[SentPerson] = Field(max_length=1000)


class Media(BaseModel):
    fingerprints: list[Fingerprint] = Field(max_length=1_000_000)


class Paths(BaseModel):
    paths: list[Annotated[str, Field(max_length=4096)] | None] = Field(max_length=1000)


class Ways(BaseModel):
    """For each path: `path`, this worker opens it; `stash`, it asks Stash; `upload`, the plugin sends it."""

    ways: list[str]


class Looking(BaseModel):
    """`known`: what the plugin has seen of these media and what was said of their faces. `key` gives the same job again.
    `watch_seconds`: cancelled when nobody asked for it that long."""

    items: list[LookItem] = Field(min_length=1, max_length=10_000)
    name: Short = "Identify"
    key: str = Field(max_length=200)
    threshold: float = Field(default=0.5, ge=0, le=1)
    profile: Profile = "balanced"
    watch_seconds: float | None = Field(default=None, ge=5, le=3600)
    known: dict[Fingerprint, Known] = Field(default_factory=dict)


class Results(BaseModel):
    """`after` is the cursor of the last answer, `have` the moments of the frames that the plugin has, by fingerprint. `again`:
    also what rows say now of an item that ended, after the people changed."""

    after: int = Field(default=0, ge=0, lt=2**63)
    have: dict[Fingerprint, list[Whole]] = Field(default_factory=dict)
    wait: float = Field(default=0.0, ge=0, le=60)
    again: bool = False


class Pictures(BaseModel):
    pictures: list[Packed] = Field(max_length=64)
    profile: Profile = "balanced"


class Chips(BaseModel):
    model: str = Field(max_length=100)
    chips: list[Packed] = Field(max_length=256)
    profile: Profile = "balanced"


class Somebody(BaseModel):
    key: str = Field(max_length=64)
    count: int = Field(default=12, ge=1, le=100)


class Two(BaseModel):
    keys: tuple[Annotated[str, Field(max_length=64)], Annotated[str, Field(max_length=64)]]


@router.get("", response_model=Abilities)
async def get_abilities(state: State, profile: Annotated[Profile, Query()] = "balanced") -> dict[str, Any]:
    """Whether this worker and a plugin understand each other."""
    return await to_thread.run_sync(abilities, state, profile)


@router.put("/{instance}/people", response_model=Wanted)
async def compare_people(body: PeopleMarks, pairing: Paired) -> dict[str, Any]:
    """Forget whom the plugin does not name; whose rows are to be sent."""
    return {"wanted": await to_thread.run_sync(pairing.compare_people, body.model_dump()["people"])}


@router.get("/{instance}/people", response_model=PeopleHere)
async def count_people(pairing: Paired) -> dict[str, Any]:
    """How many there are, and the state of their rows."""
    return await to_thread.run_sync(pairing.people_here)


@router.post("/{instance}/people", status_code=204)
async def take_people(body: People, pairing: Paired) -> None:
    """Keep these people's references."""
    await to_thread.run_sync(pairing.take_people, body.model_dump()["people"])


@router.post("/{instance}/forget-media", status_code=204)
async def forget_media(body: Media, pairing: Paired) -> None:
    """Drop all that was seen of these media."""
    await to_thread.run_sync(pairing.forget_media, body.fingerprints)


@router.post("/{instance}/ways", response_model=Ways)
async def get_ways(body: Paths, pairing: Paired) -> dict[str, Any]:
    """How files are to reach this worker."""
    return {"ways": await to_thread.run_sync(pairing.ways, body.paths)}


@router.post("/{instance}/looks", status_code=202, response_model=dict[str, Any])
async def look(instance: Instance, body: Looking, state: State, queue: Queue, pairing: Paired) -> dict[str, Any]:
    """Look at items: one job, followed by its results."""
    check_items(body.items)

    def prepared() -> Any:
        pairing.take_known(body.model_dump()["known"], state.core.engine(body.profile).detector_id)
        key = f"{instance}:{body.key}"
        return pairing.request(body.items, body.name, body.threshold, body.profile, key, body.watch_seconds)

    return job_view(await queue(await to_thread.run_sync(prepared)))


@router.post("/{instance}/looks/{job_id}", response_model=dict[str, Any])
async def get_results(job_id: str, body: Results, state: State, pairing: Paired) -> dict[str, Any]:
    """What came of a look since the cursor, with the faces that it rests on. Asking keeps a watched look alive."""
    ledger = state.core.ledger
    await to_thread.run_sync(lambda: look_job(ledger.job(job_id), pairing.source))
    await to_thread.run_sync(ledger.watch, job_id)
    job = await finished(state, job_id, body.wait)
    found = await to_thread.run_sync(pairing.results, job, body.after, body.have, body.again)
    return {"job": job_view(job), **found}


@router.post("/{instance}/portraits", response_model=list[dict[str, Any]])
async def judge(body: Pictures, state: State, direct: Direct, pairing: Paired) -> Any:
    """What performers' pictures can teach; nothing of it is kept here."""
    here = partial(pairing.judged, body.pictures, body.profile)
    return await to_thread.run_sync(_somewhere, state, direct, pairing, "/portraits", body, here)


@router.post("/{instance}/vectors", response_model=list[str])
async def embed(body: Chips, state: State, direct: Direct, pairing: Paired) -> Any:
    """Vectors of faces that the plugin keeps."""
    here = partial(pairing.vectors, body.model, body.chips, body.profile)
    return await to_thread.run_sync(_somewhere, state, direct, pairing, "/vectors", body, here)


def _somewhere(state: WorkerState, direct: bool, pairing: Pairing, path: str, body: Pictures | Chips, here: Callable[[], Any]) -> Any:
    """The answer of a worker elsewhere that has less to do, else of this one."""
    if direct and state.less_loaded_elsewhere(LookForStash.id):
        try:
            return state.lending.ask(pairing.source, path, body.model_dump(), body.profile)
        except ServiceDownError as error:
            logger.info("%s is done here: %s", path, error)
    return here()


@router.post("/{instance}/similar", response_model=list[dict[str, Any]])
async def similar(body: Somebody, pairing: Paired) -> list[dict[str, Any]]:
    """Whom of that Stash's people somebody is most like."""
    return await to_thread.run_sync(pairing.similar, body.key, body.count)


@router.post("/{instance}/compare", response_model=dict[str, Any])
async def compare(body: Two, pairing: Paired) -> dict[str, Any]:
    """Whether two of that Stash's people are one."""
    return await to_thread.run_sync(pairing.compare, *body.keys)
