"""From findings, as rows hold them, to the answers of the API."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from stashai.contracts.findings import Findings, NameCandidate, SeenFace
from stashai.contracts.recognition import AIModelInfo, FaceCandidate, FaceInfo, FacialRecognitionResponse, PerformerInfo
from stashai.processing.stores import Person


def performer_id(person_id: int, people: dict[int, Person]) -> str:
    """The local Stash id of somebody learnt from Stash, else `person:<n>`."""
    person = people.get(person_id)
    return person.key if person is not None and person.source == "stash" else f"person:{person_id}"


def response_of(findings: Findings, people: dict[int, Person], threshold: float, max_results: int) -> FacialRecognitionResponse:
    """The answer about one picture or scene: people at or above `threshold`, every face with its candidates."""
    named = [person for person in findings.people if person.probability >= threshold][:max_results]
    performers = [
        PerformerInfo(
            id=performer_id(person.person_id, people),
            name=person.name,
            confidence=person.probability,
            additional_info={"hits": len(person.faces), "best_time": person.best_time},
        )
        for person in named
    ]
    groups: list[tuple[Sequence[SeenFace], Sequence[NameCandidate], str | None]] = [
        (person.faces, person.candidates, performer_id(person.person_id, people) if person in named else None)
        for person in findings.people
    ]
    groups += [(stranger.faces, stranger.candidates, None) for stranger in findings.unknown]
    faces = [face for group in groups for face in _faces(*group, people=people, limit=max_results)]
    info = AIModelInfo(
        models_used=findings.models,
        ensemble_method="calibrated fusion",
        threshold=threshold,
        faces_detected=len(faces),
    )
    return FacialRecognitionResponse(success=True, performers=performers, faces=faces, ai_model_info=info)


def _faces(
    seen: Sequence[SeenFace], candidates: Sequence[NameCandidate], named: str | None, *, people: dict[int, Person], limit: int
) -> Iterable[FaceInfo]:
    told = [FaceCandidate(id=performer_id(c.person_id, people), name=c.name, confidence=c.probability) for c in candidates[:limit]]
    best = candidates[0].probability if candidates else 0.0
    for face in seen:
        yield FaceInfo(
            bbox=list(face.bbox), confidence=best, performer_id=named, candidates=told, quality=face.quality, time=face.time
        )
