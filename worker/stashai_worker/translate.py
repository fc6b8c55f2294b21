"""From findings, as rows hold them, to the answers of the API."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from stashai.contracts.findings import Findings, NameCandidate, SeenFace, SeenPerson
from stashai.contracts.recognition import (
    AIModelInfo,
    FaceCandidate,
    FaceComparisonResponse,
    FaceInfo,
    FacialRecognitionResponse,
    PerformerInfo,
)
from stashai.processing.stores import Person
from stashai.processors.compare import ComparedFace, Comparison
from stashai.processors.entities import EntityFindings, GalleryPerson, GalleryPicture


def performer_id(person_id: int, people: dict[int, Person]) -> str:
    """The local Stash id of somebody learnt from Stash, else `person:<n>`."""
    person = people.get(person_id)
    return person.key if person is not None and person.is_of_stash else f"person:{person_id}"


def response_of(findings: Findings, people: dict[int, Person], threshold: float, max_results: int) -> FacialRecognitionResponse:
    """The answer about one picture or scene: people at or above `threshold`, every face with its candidates."""
    named = [person for person in findings.people if person.probability >= threshold][:max_results]
    performers = [
        PerformerInfo(
            id=performer_id(person.person_id, people),
            name=person.name,
            confidence=person.probability,
            additional_info={**_details(person, len(person.faces)), "best_time": person.best_time},
        )
        for person in named
    ]
    groups: list[tuple[Sequence[SeenFace], Sequence[NameCandidate], str | None]] = [
        (person.faces, person.candidates, performer_id(person.person_id, people) if person in named else None) for person in findings.people
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
        landmarks = [list(point) for point in face.landmarks] if face.landmarks else None
        yield FaceInfo(
            bbox=list(face.bbox), confidence=best, performer_id=named, candidates=told, landmarks=landmarks, quality=face.quality,
            time=face.time,
        )  # fmt: skip


def gallery_results(found: EntityFindings, people: dict[int, Person], threshold: float, max_results: int) -> FacialRecognitionResponse:
    """The answer about a gallery: performers by frequency, then best; per picture what was seen in it."""
    named = [person for person in found.people if person.best >= threshold]
    performers = [_performer(person, people) for person in named]
    looked_at = [picture for picture in found.pictures if picture.findings is not None]
    results = {
        "success": True,
        "galleryId": found.entity.id,
        "totalImages": len(found.pictures),
        "processedImages": len(looked_at),
        "skippedImages": len(found.pictures) - len(looked_at),
        "totalProcessingTime": sum(picture.seconds for picture in found.pictures),
        "performers": [_frequency(person, performer) for person, performer in zip(named, performers, strict=True)],
        "processingResults": [_processing(picture, people, threshold, max_results) for picture in found.pictures],
    }
    faces = [face for picture in looked_at for face in response_of(_found(picture), people, threshold, max_results).faces]
    models = looked_at[0].findings.models if looked_at and looked_at[0].findings else []
    info = AIModelInfo(
        models_used=models,
        ensemble_method="calibrated fusion",
        threshold=threshold,
        faces_detected=len(faces),
        gallery_results=results,
    )
    return FacialRecognitionResponse(success=True, performers=performers[:max_results], faces=faces, ai_model_info=info)


def _performer(person: GalleryPerson, people: dict[int, Person]) -> PerformerInfo:
    info = _details(person, len(person.appearances))
    return PerformerInfo(id=performer_id(person.person_id, people), name=person.name, confidence=person.best, additional_info=info)


def _details(person: SeenPerson | GalleryPerson, hits: int) -> dict[str, Any]:
    """What the older API told of a performer. Of a local person neither a country nor ids of a stash-box are known."""
    cosines = person.similarities
    average = sum(cosines.values()) / len(cosines) if cosines else None
    return {
        "country": None,
        "hits": hits,
        "distance": None if average is None else round(1 - average, 4),
        "face_id": person.reference_crop,
        "avg_similarity": None if average is None else round(average, 4),
        "arc_similarity": cosines.get("arcface"),
        "facenet_similarity": cosines.get("facenet"),
        "stash_ids": [],
    }


def _frequency(person: GalleryPerson, performer: PerformerInfo) -> dict[str, Any]:
    appearances = [{"imageId": one.image_id, "imageUrl": one.image_url, "confidence": one.confidence} for one in person.appearances]
    return {
        "performer": performer.model_dump(mode="json"),
        "frequency": len(appearances),
        "appearances": appearances,
        "averageConfidence": person.average,
        "bestConfidence": person.best,
    }


def _processing(picture: GalleryPicture, people: dict[int, Person], threshold: float, max_results: int) -> dict[str, Any]:
    seen = response_of(_found(picture), people, threshold, max_results).performers
    return {
        "imageId": picture.id,
        "imageUrl": picture.url,
        "success": picture.error is None,
        "performers": [performer.model_dump(mode="json") for performer in seen],
        "error": picture.error.message if picture.error else None,
        "processingTime": picture.seconds,
    }


def _found(picture: GalleryPicture) -> Findings:
    return picture.findings or Findings()


def comparison_response(compared: Comparison, people: dict[int, Person]) -> FaceComparisonResponse:
    """The answer about two people: the cosine of each model's references, and the probability that they are one person."""
    known = {person.id: person for person in people.values()}

    def told(side: ComparedFace) -> PerformerInfo | None:
        if side.person_id is None or side.person_id not in known:
            return None
        return PerformerInfo(id=performer_id(side.person_id, people), name=side.name, confidence=1.0)

    average = sum(compared.similarities.values()) / len(compared.similarities) if compared.similarities else 0.0
    return FaceComparisonResponse(
        success=True,
        performer1=told(compared.first),
        performer2=told(compared.second),
        similarity=compared.probability,
        ai_model_scores={**compared.similarities, "average": average},
        is_match=compared.same,
    )
