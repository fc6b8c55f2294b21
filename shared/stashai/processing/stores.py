"""The rows that processors may read and write, as Protocols: `tracking` implements them, tests may use fakes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from ..vision.faces import Observation, Vector


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody known. `source` is "folder", "stash" (on a worker "stash:" and which one, or "lent:" and by whom) or "local"; `key` is
    the name of the folder or the id in Stash. `stamp` is another number after each change of what the person is known by."""

    id: int
    name: str
    source: str
    key: str
    stamp: int = field(default=0, compare=False)

    @property
    def is_of_stash(self) -> bool:
        return self.source == "stash" or self.source.startswith("stash:")


@dataclass(slots=True)
class Reference:
    """One face that a person is known by.

    `origin` is where it was enrolled from (the people folder's absolute path, a Stash's id, "confirmed"), `path` and
    `fingerprint` the picture, `crop` the key of the kept aligned crop, from which it is embedded again after a change of
    model. `usable` is False for one that was rejected as an outlier or is too weak; `reason` says why.
    """

    person_id: int
    origin: str
    path: str
    fingerprint: str
    quality: float
    box: tuple[float, float, float, float]
    crop: str
    embeddings: dict[str, Vector] = field(default_factory=dict)
    usable: bool = True
    reason: str | None = None
    confirmed: bool = False
    id: int | None = None


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A picture that was looked at for enrolment: so that an unchanged one is not looked at again.

    `outcome` is "enrolled" or the code of the reason why it was not (no-face, several-faces, weak, unreadable …).
    """

    origin: str
    person_id: int
    path: str
    fingerprint: str
    detector: str
    outcome: str
    message: str = ""


class PeopleStore(Protocol):
    def version(self) -> int:
        """Grows with every change of people, references or decisions, by any process."""
        ...

    def ensure(self, name: str, source: str, key: str, *, revive: bool = False) -> Person | None:
        """The person with that source and key, made when new. None when the person was forgotten and not `revive`."""
        ...

    def find(self, source: str, key: str) -> Person | None:
        """The person with that source and key, or into whom that one was merged."""
        ...

    def people(self, *, origin: str | None = None) -> list[Person]:
        """All people but lent ones, or those with at least one source file or reference of `origin`, by name."""
        ...

    def references(self, *, origin: str | None = None, person_id: int | None = None) -> list[Reference]:
        """References with their embeddings, of all people but lent ones. With `origin`, those of it and the confirmed ones of its
        people."""
        ...

    def add_reference(self, reference: Reference) -> int: ...

    def set_embedding(self, reference_id: int, model: str, vector: Vector) -> None: ...

    def set_usable(self, reference_id: int, usable: bool, reason: str | None) -> None: ...

    def sources(self, *, origin: str | None = None, person_id: int | None = None) -> list[SourceFile]:
        """The pictures that were looked at for enrolment: of one origin, of one person, or all."""
        ...

    def record_source(self, source: SourceFile, references: Sequence[Reference]) -> None:
        """In one transaction: replace what is known of (origin, path) and its unconfirmed references by these."""
        ...

    def remove_source(self, origin: str, path: str) -> None:
        """Drop a source file that is gone from its folder, with its unconfirmed references."""
        ...

    def rename(self, person_id: int, name: str) -> None: ...

    def merge(self, person_id: int, into: int) -> None: ...

    def allow(self, source: str, key: str) -> None:
        """Let somebody forgotten be learned again."""
        ...

    def forget(self, person_id: int) -> list[str]:
        """Remove the person's rows for good and keep only that they are forgotten. Returns crop keys to delete."""
        ...

    def wipe(self) -> None:
        """Remove every row that holds something of a face or a person."""
        ...


@dataclass(slots=True)
class SeenFrame:
    """A frame that was analysed: also one without faces, so that it is never decoded again. `asked` is the question that it
    answers (see media/asked.py)."""

    time: float | None
    observations: list[Observation]
    note: str | None = None
    asked: str | None = None


class ObservationStore(Protocol):
    """Faces kept by (media fingerprint, analysis): `analysis` names detector, preparation and profile-independent
    parameters of detection; the times of the frames are the sampling."""

    def frames(self, fingerprint: str, analysis: str) -> list[SeenFrame]: ...

    def save(self, fingerprint: str, analysis: str, frames: Sequence[SeenFrame]) -> None:
        """Insert frames with their observations and embeddings (one transaction); sets the observations' ids. A frame
        already there (same time) is left as it is."""
        ...

    def add_embedding(self, observation_id: int, model: str, vector: Vector) -> None: ...

    def media(self, fingerprint: str, analysis: str) -> Mapping[str, object] | None:
        """What was noted of the media itself (duration, size, notes), None when never analysed."""
        ...

    def note_media(self, fingerprint: str, analysis: str, info: Mapping[str, object]) -> None: ...

    def known_fingerprint(self, path: str, size: int, mtime_ns: int) -> str | None:
        """The fingerprint computed earlier for this very file, so that an unchanged file is not read again."""
        ...

    def remember_fingerprint(self, path: str, size: int, mtime_ns: int, fingerprint: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person said of a shown name: this face of this media is (`accepted`) or is not that person."""

    fingerprint: str
    person_id: int
    accepted: bool
    observation_ids: tuple[int, ...]


class DecisionStore(Protocol):
    def decisions(self, fingerprint: str) -> list[Decision]: ...

    def record(self, decision: Decision) -> None: ...


class CropStore(Protocol):
    """Aligned crops of faces as JPEG files in the data folder."""

    def put(self, crop: bytes) -> str:
        """Store and return the key (content hash)."""
        ...

    def get(self, key: str) -> bytes | None: ...

    def delete(self, keys: Sequence[str]) -> None: ...

    def wipe(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Stores:
    people: PeopleStore
    observations: ObservationStore
    decisions: DecisionStore
    crops: CropStore


WriteState = Literal["planned", "written", "undone", "failed"]


@dataclass(frozen=True, slots=True)
class WriteRow:
    """One thing added to Stash. `before` is the JSON of the field's value before; what is "planned" may or may not have reached
    Stash."""

    id: int
    run: str
    job_id: str | None
    entity_type: str
    entity_id: str
    field: str
    value: str
    before: str | None
    why: str
    confidence: float | None
    state: WriteState
    written_at: float
    undone_at: float | None


class WriteRows(Protocol):
    """Provenance of what was added to Stash, oldest first."""

    def plan(self, run: str, job_id: str | None, writes: Sequence[tuple[str, str, str, str, str | None, str, float | None]]) -> list[int]:
        """Insert (entity_type, entity_id, field, value, before, why, confidence) as planned; their ids."""
        ...

    def mark(self, ids: Sequence[int], state: WriteState) -> None: ...

    def written_as(self, row_id: int, entity_id: str) -> None:
        """A planned entity is there now, under this id."""
        ...

    def of_run(self, run: str) -> list[WriteRow]: ...

    def of_entity(self, entity_type: str, entity_id: str) -> list[WriteRow]: ...
