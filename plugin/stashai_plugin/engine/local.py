"""This host's own networks as an Engine. The only module of the plugin that needs what the set-up installs."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from stashai.errors import MediaError, Paused
from stashai.processing.control import JobControl
from stashai.processors.evidence import Evidence
from stashai.processors.recognition import RecognitionParams
from stashai.processors.stash_learn import learn_batch
from stashai.processors.stash_media import medium_of, sprite_of
from stashai.processors.stash_performers import ORIGIN, SOURCE, Learned
from stashai.processors.stash_recognition import SteppedRecognition
from stashai.tracking.vectors import to_bytes

from ..host.bench import infers
from ..host.gateways import Gateways
from ..looking.reading import StashFindings, findings_of

if TYPE_CHECKING:
    from stashai.contracts.findings import Findings
    from stashai.media.medium import Medium
    from stashai.processing.context import Context, RunControl
    from stashai.processing.stores import Person
    from stashai.stash.entities import Item
    from stashai.stash.mirror import Known

    from ..host.bench import Bench
    from ..host.deadline import Step
    from .base import Seen

INLINE = 8
"""References without the second model's embedding that a step may complete by itself; more are the learning task's."""


class LocalEngine:
    where: Literal["local", "worker"] = "local"

    def __init__(self, bench: Bench, control: RunControl, step: Step | None) -> None:
        self._bench, self._step = bench, step
        self.ctx = bench.context(control)

    @property
    def primary(self) -> str:
        return self.ctx.vision.primary

    @property
    def detector(self) -> str:
        return self.ctx.vision.detector_id

    @property
    def floor(self) -> float:
        return self.ctx.vision.reference_floor

    @property
    def further_models(self) -> list[str]:
        return self.ctx.vision.others

    def learn(self, performers: Sequence[Known]) -> Generator[Learned]:
        return learn_batch(performers, self._bench.gateway, self._bench.mirror, self._calm)

    def look(self, job: str, item: Item, *, sprite_first: bool) -> tuple[StashFindings, bool]:
        medium = self._medium(item)
        if sprite_first and item.kind == "scene" and not self._quick.has_seen(medium, self.ctx):
            quick = self._sprite(item)
            if quick is not None:
                return quick, False
        seen, done = self._recognition.look(medium, self.ctx, lambda fraction: None)
        return _found(seen, medium, source_of(item)), done

    def again(self, job: str, item: Item) -> StashFindings:
        medium = self._medium(item)
        return _found(SteppedRecognition(recognition_params(self._bench), self._calm).so_far(medium, self._calm), medium, source_of(item))

    def look_at(self, job: str, item: Item, moment: float) -> StashFindings | None:
        medium = self._medium(item)
        return _found(self._recognition.look_at(medium, moment, self._calm), medium, "frame")

    def images(self, job: str, images: Iterable[tuple[int, Item]]) -> Iterator[Seen]:
        for number, image in images:
            if self._step is not None and self._step.is_reached:
                return
            try:
                medium = self._medium(image)
                seen, done = self._recognition.look(medium, self.ctx, lambda fraction: None)
            except Paused:
                return
            except MediaError as error:
                yield number, image, error
                self.ctx.control.advanced()
                continue
            if not done:
                return
            yield number, image, _found(seen, medium, "image")
            self.ctx.control.advanced()

    def first_looks(self, items: Sequence[Item]) -> Iterator[tuple[Item, str | None]]:
        yield from zip(items, self._pool.map(self._first_look, items), strict=True)

    def _first_look(self, item: Item) -> str | None:
        try:
            medium = medium_of(item, self._gateways.mine(), self.ctx.stores.observations)
            next(iter(Evidence(medium, "auto", self.ctx).looks()), None)
        except MediaError:
            return None
        return medium.fingerprint

    def vectors(self, model: str, chips: Sequence[bytes]) -> list[bytes]:
        with infers(self._bench), ThreadPoolExecutor(self._bench.settings.cores) as pool:
            return list(pool.map(lambda chip: to_bytes(self.ctx.vision.embed_chip(model, chip)), chips))

    def similar(self, person: Person, count: int) -> list[tuple[str, float, float]]:
        from stashai.processors.likeness import likest

        found = likest(person, self.ctx.stores.people, self.primary, count)
        return [(alike.person.key, alike.similarity, alike.probability) for alike in found]

    def compare(self, first: Person, second: Person) -> tuple[dict[str, float], float]:
        from stashai.processors.likeness import compared

        with infers(self._bench):
            result = compared(first, second, self._calm)
        return result.similarities, result.probability

    # helpers ---------------------------------------------------------------------------------------------------------

    @property
    def _calm(self) -> Context:
        """The context without the step's end, for what is short and worth finishing: reading people, a batch of pictures."""
        return replace(self.ctx, control=JobControl(self.ctx.control.job_id, self.ctx.clock))

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._bench.settings.cores)

    @cached_property
    def _gateways(self) -> Gateways:
        return Gateways(self._bench.gateway)

    @cached_property
    def _recognition(self) -> SteppedRecognition:
        return self._begun(recognition_params(self._bench))

    @cached_property
    def _quick(self) -> SteppedRecognition:
        """For the first look: by the primary model alone, so that no other is loaded before something is seen."""
        alone = recognition_params(self._bench).model_copy(update={"embedders": [self.primary]})
        return self._begun(alone)

    def _medium(self, item: Item) -> Medium:
        return medium_of(item, self._bench.gateway, self.ctx.stores.observations)

    def _begun(self, params: RecognitionParams) -> SteppedRecognition:
        """People are read: the look begins."""
        recognition = SteppedRecognition(params, self._calm)
        if self._step is not None:
            self._step.begin()
        return recognition

    def _sprite(self, item: Item) -> StashFindings | None:
        """The first, quick look at a scene; None when there is no sprite sheet, or none that can be used."""
        try:
            sprite = sprite_of(item, self._bench.gateway)
            if sprite is None:
                return None
            seen, _ = self._quick.look(sprite, self.ctx, lambda fraction: None)
        except MediaError as error:
            self._bench.request.log.warning(str(error))
            return None
        return _found(seen, sprite, "sprite")


def _found(seen: Findings, medium: Medium, source: str) -> StashFindings:
    return findings_of(seen.model_dump(mode="json"), medium.fingerprint, source)


def source_of(item: Item) -> str:
    return "keyframes" if item.file is not None and item.file.is_video else "image"


def recognition_params(bench: Bench) -> RecognitionParams:
    """What the settings ask for. All performers of this Stash who were learned are compared with; another model joins when it
    knows them, too."""
    profile = bench.preferences["profile"]
    known = [model for model in bench.vision.others if bench.people.lacking(model, SOURCE) <= INLINE]
    embedders = [bench.vision.primary, *known]
    return RecognitionParams(people=ORIGIN, threshold=bench.preferences["suggest_from"], profile=profile, embedders=embedders)
