"""Requests and results of face recognition, named as in the StashAI Server API."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from .common import BaseRequest, BaseResponse, ImageData, Probability, StashEntity

BoundingBox = Annotated[list[int], Field(min_length=4, max_length=4)]
"""[x, y, width, height] in upright displayed pixels."""


class PerformerInfo(BaseModel):
    """`id` is the local Stash id, or `person:<n>` for people enrolled without Stash. `confidence` is calibrated."""

    id: str
    name: str
    confidence: Probability
    image_url: str | None = None
    stash_url: str | None = None
    additional_info: dict[str, Any] | None = None


class FaceCandidate(BaseModel):
    id: str
    name: str
    confidence: Probability


class FaceInfo(BaseModel):
    """One face: `landmarks` are five [x, y], `time` is in seconds, `candidates` the best first."""

    bbox: BoundingBox
    confidence: Probability
    performer_id: str | None = None
    candidates: list[FaceCandidate] = []
    landmarks: list[list[float]] | None = None
    quality: float | None = None
    time: float | None = None
    age_estimate: float | None = None
    gender: str | None = None


class FacialRecognitionRequest(BaseRequest):
    """`batch_job_id` is the job that this one belongs to: cancelling that one cancels this one."""

    entity: StashEntity
    image_data: ImageData | None = None
    threshold: Probability = 0.5
    max_results: int = Field(default=5, ge=1, le=50)
    batch_job_id: str | None = Field(default=None, max_length=200)


class SceneIdentificationRequest(FacialRecognitionRequest):
    """`frame_interval` is in seconds; without one the worker looks at as many frames as the answer needs.

    `use_existing_screenshots`: the scene's sprite sheet or cover serves where frames are not analysed or cannot be read."""

    analyze_frames: bool = True
    frame_interval: int = Field(default=10, ge=1, le=60)
    use_existing_screenshots: bool = True


class GalleryImage(BaseModel):
    """`url` is a label that comes back in the result; it is never fetched."""

    id: str
    url: str | None = None
    title: str | None = None
    base64: str | None = None


class GalleryIdentificationRequest(FacialRecognitionRequest):
    """`batch_size` pictures are looked at together; `skip_low_quality` leaves out faces too poor to be trusted alone."""

    batch_size: int = Field(default=10, ge=1, le=100)
    skip_low_quality: bool = True
    images: list[GalleryImage] | None = Field(default=None, max_length=10_000)


class FaceComparisonRequest(BaseRequest):
    """Each side is a performer (Stash id, or `person:<n>`) or a picture of one person."""

    performer1_id: str | None = Field(default=None, max_length=200)
    performer2_id: str | None = Field(default=None, max_length=200)
    image1_data: ImageData | None = None
    image2_data: ImageData | None = None
    comparison_models: list[str] = Field(default=["arcface", "facenet"], min_length=1, max_length=10)

    @model_validator(mode="after")
    def _two_sides(self) -> FaceComparisonRequest:
        for number, person, picture in ((1, self.performer1_id, self.image1_data), (2, self.performer2_id, self.image2_data)):
            if (person is None) == (picture is None):
                raise ValueError(f"give either performer{number}_id or image{number}_data")
        return self

class AIModelInfo(BaseModel):
    model_config = ConfigDict(protected_namespaces=())

    models_used: list[str] = []
    ensemble_method: str | None = None
    threshold: float | None = None
    faces_detected: int | None = None
    gallery_results: dict[str, Any] | None = None


class FacialRecognitionResponse(BaseResponse):
    entity: StashEntity | None = None
    performers: list[PerformerInfo] = []
    faces: list[FaceInfo] = []
    ai_model_info: AIModelInfo | None = None


class FaceComparisonResponse(BaseResponse):
    """`similarity` is the probability that both are one person; `ai_model_scores` are cosines by model family."""

    performer1: PerformerInfo | None = None
    performer2: PerformerInfo | None = None
    similarity: float | None = None
    ai_model_scores: dict[str, float] = {}
    is_match: bool | None = None
