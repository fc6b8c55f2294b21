"""The forms in which a unit of work can be put to a service elsewhere: as this API's requests, or as a job of the unit alone.

Workers take both. Other services take requests of what they say they can do (`facial_recognition`, `content_analysis`, …), so
that units of queued jobs are put to them as the request that asks for the same; or, where they name a processor's id, as its
parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from stashai.contracts.content import ContentAnalysisResponse
from stashai.contracts.enums import ServiceType
from stashai.contracts.findings import Findings, NameCandidate, Problem, SeenFace, SeenPerson, UnknownPerson
from stashai.contracts.recognition import FaceInfo, FacialRecognitionResponse, PerformerInfo
from stashai.processing.base import Processor
from stashai.processors.content import Content, ContentParams
from stashai.processors.entities import EntityFindings, EntityParams, GalleryPicture, WantedEntity, people_of

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Form:
    """`path` is below /api/v1. `uploads` maps places of pictures in the body ("image_data.data", "images.3.base64") to keys of
    the spool. `read` makes the unit's result of the answer; raises LookupError, TypeError or ValueError for what is none."""

    capability: str
    path: str
    body: Mapping[str, Any]
    uploads: Mapping[str, str] = field(default_factory=dict)
    read: Callable[[Answer], BaseModel | None] = field(default=lambda answer: None)


def forms_of(processor: Processor[Any, Any], alone: BaseModel, more: Mapping[str, Any]) -> list[Form]:
    """Those of the one unit that `alone` are the parameters of, the fullest first; `more` is what every request says of itself."""

    def read(answer: Answer) -> BaseModel:
        [item] = answer["items"]
        result: BaseModel = processor.result.model_validate(item["response_data"])
        return result

    whole = Form(processor.id, f"/{processor.id}/process", {**more, "params": alone.model_dump(mode="json")}, read=read)
    request = _request(processor.id, alone, more)
    return [whole] if request is None else [whole, request]


def capabilities_of(processor_id: str) -> tuple[str, ...]:
    """What a service must be able to do for its units."""
    said = _CAPABILITIES.get(processor_id)
    return (processor_id,) if said is None else (processor_id, said)


def _request(processor_id: str, alone: BaseModel, more: Mapping[str, Any]) -> Form | None:
    if isinstance(alone, EntityParams):
        return _recognition(alone, more)
    if isinstance(alone, ContentParams) and processor_id in _ROUTES:
        [entity] = alone.entities
        body = {**more, **_entity(entity), **alone.model_dump(mode="json", exclude={"entities"})}
        return Form(_CAPABILITIES[processor_id], _ROUTES[processor_id], body, _picture(entity), _content)
    return None


def _recognition(alone: EntityParams, more: Mapping[str, Any]) -> Form | None:
    """None for kinds of entities that no route of the API is for."""
    [entity] = alone.entities
    if entity.type not in ("image", "scene", "gallery"):
        return None
    body, uploads = {**more, **_entity(entity), "max_results": alone.top}, _picture(entity)
    if alone.threshold is not None:
        body["threshold"] = alone.threshold
    if entity.type == "gallery":
        body |= {"batch_size": alone.batch_size, "skip_low_quality": alone.skip_low_quality}
        body["images"] = [{**image.model_dump(include={"id", "title", "url"}), "base64": ""} for image in entity.images] or None
        uploads |= {f"images.{index}.base64": image.upload for index, image in enumerate(entity.images) if image.upload}

    def read(answer: Answer) -> EntityFindings:
        said = FacialRecognitionResponse.model_validate(answer)
        bare = entity.model_copy(update={"images": []})
        if entity.type != "gallery":
            return EntityFindings(entity=bare, findings=_findings(said))
        pictures = _pictures((said.ai_model_info.gallery_results if said.ai_model_info else None) or {})
        return EntityFindings(entity=bare, pictures=pictures, people=people_of(pictures))

    return Form(ServiceType.FACIAL_RECOGNITION, f"/facial-recognition/identify-{entity.type}", body, uploads, read)


def _entity(entity: WantedEntity) -> Answer:
    about = {"entity": entity.model_dump(include={"type", "id", "title", "path"})}
    return {**about, "image_data": {"data": ""}} if entity.upload else about


def _picture(entity: WantedEntity) -> dict[str, str]:
    return {"image_data.data": entity.upload} if entity.upload else {}


def _content(answer: Answer) -> Content:
    said = ContentAnalysisResponse.model_validate(answer)
    return Content.model_validate(said.model_dump(include=set(Content.model_fields)))


def _findings(said: FacialRecognitionResponse) -> Findings:
    """What an answer tells of people and faces, as rows hold it. Faces that nobody is named for are somebody unknown each."""
    info = said.ai_model_info
    unknown = [face for face in said.faces if face.performer_id is None]
    return Findings(
        people=[_person(one, [face for face in said.faces if face.performer_id == one.id]) for one in said.performers],
        unknown=[UnknownPerson(faces=_faces([face]), candidates=_candidates(face)) for face in unknown],
        models=info.models_used if info else [],
    )


def _pictures(results: Answer) -> list[GalleryPicture]:
    return [
        GalleryPicture(
            id=str(one["imageId"]),
            url=one.get("imageUrl"),
            findings=Findings(people=[_person(PerformerInfo.model_validate(seen), []) for seen in one["performers"]])
            if one["success"]
            else None,
            error=None if one["success"] else Problem(code="service-down", message=str(one.get("error"))),
            seconds=float(one.get("processingTime") or 0.0),
        )
        for one in results["processingResults"]
    ]


def _person(performer: PerformerInfo, faces: list[FaceInfo]) -> SeenPerson:
    best = max(faces, key=lambda face: face.confidence, default=None)
    return SeenPerson(
        person_id=number(performer.id),
        name=performer.name,
        probability=performer.confidence,
        best_time=best.time if best else None,
        faces=_faces(faces),
        candidates=_candidates(best) if best else [],
        similarities=_similarities(performer.additional_info or {}),
    )


def _similarities(info: Answer) -> dict[str, float]:
    told = {"arcface": info.get("arc_similarity"), "facenet": info.get("facenet_similarity")}
    return {family: float(cosine) for family, cosine in told.items() if cosine is not None}


def _faces(faces: list[FaceInfo]) -> list[SeenFace]:
    return [
        SeenFace(time=face.time, bbox=(x, y, w, h), quality=face.quality or 0.0, landmarks=_points(face))
        for face in faces
        for x, y, w, h in [face.bbox]
    ]


def _points(face: FaceInfo) -> list[tuple[float, float]] | None:
    return [(x, y) for x, y in face.landmarks] if face.landmarks else None


def _candidates(face: FaceInfo) -> list[NameCandidate]:
    return [NameCandidate(name=one.name, probability=one.confidence, person_id=number(one.id)) for one in face.candidates]


def number(told: str) -> int:
    """Of `person:<n>`; 0, which is nobody's, for every other id."""
    digits = told.removeprefix("person:")
    return int(digits) if told.startswith("person:") and digits.isdecimal() else 0


def places(body: Answer) -> Iterator[tuple[str, Answer, str]]:
    """Where pictures lie in a body, or in its parameters: the place's name, the object that holds it and its key there."""
    for prefix, holder in (("", body), ("params.", body.get("params"))):
        if not isinstance(holder, dict):
            continue
        for name in ("image_data", "image1_data", "image2_data"):
            if isinstance(holder.get(name), dict):
                yield f"{prefix}{name}.data", holder[name], "data"
        images = holder.get("images")
        for index, image in enumerate(images if isinstance(images, list) else ()):
            if isinstance(image, dict):
                yield f"{prefix}images.{index}.base64", image, "base64"


_CAPABILITIES = {
    "entities.identify": ServiceType.FACIAL_RECOGNITION,
    "content.analyze": ServiceType.CONTENT_ANALYSIS,
    "metadata.extract": ServiceType.METADATA_EXTRACTION,
}
_ROUTES = {"content.analyze": "/content-analysis/analyze-scene", "metadata.extract": "/content-analysis/extract-metadata"}
