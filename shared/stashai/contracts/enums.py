"""The words that requests, results and rows share. Names and values are those of the StashAI Server API."""

from __future__ import annotations

from enum import StrEnum


class ServiceType(StrEnum):
    FACIAL_RECOGNITION = "facial_recognition"
    CONTENT_ANALYSIS = "content_analysis"
    METADATA_EXTRACTION = "metadata_extraction"
    SCENE_ANALYSIS = "scene_analysis"


class EntityType(StrEnum):
    """Built-in entity types; rows and requests take any other string that a third party registers."""

    SCENE = "scene"
    GALLERY = "gallery"
    IMAGE = "image"
    PERFORMER = "performer"
    GROUP = "group"
    STUDIO = "studio"
    TAG = "tag"
    VIDEO = "video"


class ProcessingStatus(StrEnum):
    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class TestResult(StrEnum):
    __test__ = False

    PASS = "pass"  # noqa: S105 - a result, not a secret
    FAIL = "fail"
    PENDING = "pending"
    ERROR = "error"


class ServiceStatus(StrEnum):
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    UNKNOWN = "unknown"
    MAINTENANCE = "maintenance"
    BUSY = "busy"
    DEGRADED = "degraded"


class AIActionType(StrEnum):
    FACIAL_RECOGNITION = "facial_recognition"
    SCENE_IDENTIFICATION = "scene_identification"
    GALLERY_IDENTIFICATION = "gallery_identification"
    IMAGE_IDENTIFICATION = "image_identification"
    FACE_COMPARISON = "face_comparison"
    CONTENT_ANALYSIS = "content_analysis"
