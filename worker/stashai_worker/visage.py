"""Visage, the service that the earlier StashAI Server spoke to, as one more backend. Its HTTP API (port 8000), as that server
and the service's own `app.py` show it:

    POST /api/predict_1   {image_data: base64 or data URL, threshold, results}
      200 {data: [[{image, confidence, performers: [{id, name, confidence, image, country, hits, distance, performer_url}]}]]}
      500 {detail}        also for a picture without faces ("No faces found") and for what is no picture
    GET  /openapi.json    FastAPI's document; there is no health route

One entry a face; a performer's `id` is that of StashDB and `confidence` a whole percentage, made of votes and not calibrated.
`threshold` is taken and not applied there, so it is applied here. Where a face is, it does not say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stashai.errors import MediaError

from .elsewhere import OWN_ROUTE, Health, OutOfReachError, Question, Remote, ServiceDownError, get, post

PREDICT = "/api/predict_1"
STASHDB = "https://stashdb.org/graphql"
KEPT = ("country", "hits", "distance")
NO_FACES = ("no faces found", "face could not be detected")
NO_PICTURE = ("cannot identify image", "incorrect padding", "image file is truncated")


class VisageAdapter:
    """Recognition of pictures that come with the request: Visage opens nothing itself. Asked for by its own name (its route
    `/visage/process`), or, as a last resort, for what the API's recognition routes ask."""

    def takes(self, path: str, body: Mapping[str, Any]) -> bool:
        asked = _asked(path, body)
        return asked is not None and isinstance(asked.get("image_data"), dict)

    def ask(self, remote: Remote, question: Question) -> dict[str, Any]:
        asked = _asked(question.path, question.body)
        if asked is None:
            raise OutOfReachError(f"Visage knows nothing of {question.path}.")
        answer = self._answer(remote, asked, question.timeout)
        return {"items": [{"response_data": answer}]} if question.path.endswith(OWN_ROUTE) else answer

    def _answer(self, remote: Remote, asked: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        try:
            picture = str(asked["image_data"]["data"])
            threshold, most = float(asked.get("threshold", 0.5)), int(asked.get("max_results", 5))
        except (KeyError, TypeError, ValueError) as error:
            raise MediaError(f"Visage needs image_data, threshold and max_results: {error}.", code="bad-parameters") from error
        faces = self._faces(remote, picture, threshold, most, seconds)
        performers = _merged(faces, threshold)[:most]
        return {
            "success": True,
            "message": f"{len(performers)} known people, {len(faces)} faces. Visage's confidences are votes, not probabilities.",
            "entity": asked.get("entity"),
            "performers": performers,
            "ai_model_info": {
                "models_used": ["arcface", "facenet"],
                "ensemble_method": "Visage's votes, not calibrated",
                "threshold": threshold,
                "faces_detected": len(faces),
            },
        }

    def health(self, remote: Remote) -> Health:
        answer = get(remote, remote.health_url)
        document = answer.json()
        return Health(PREDICT in document.get("paths", {}), str(document.get("info", {}).get("version", "")))

    def _faces(self, remote: Remote, picture: str, threshold: float, most: int, seconds: float) -> Sequence[Mapping[str, Any]]:
        body = {"image_data": picture, "threshold": threshold, "results": most}
        status, said = post(remote, remote.endpoint + PREDICT, body, seconds)
        problem = str(said.get("detail", status))
        if status == 500 and any(text in problem.lower() for text in NO_FACES):
            return []
        if status == 500 and any(text in problem.lower() for text in NO_PICTURE):
            raise MediaError(f"Visage cannot read the picture: {problem}.", code="undecodable")
        if status != 200:
            raise ServiceDownError(f"Visage answered with {status}: {problem}.")
        try:
            return [face for face in said["data"][0] if isinstance(face["performers"], list)]
        except (KeyError, IndexError, TypeError) as error:
            raise ServiceDownError("Visage answers in a form that is not known.") from error


def _asked(path: str, body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What a recognition is to be made of; None for other requests."""
    asked = body.get("params") if path.endswith(OWN_ROUTE) else body if path.startswith("/facial-recognition/identify-") else None
    return asked if isinstance(asked, Mapping) else None


def _merged(faces: Sequence[Mapping[str, Any]], threshold: float) -> list[dict[str, Any]]:
    """Each performer once, as the best face has them, the most confident first."""
    best: dict[str, dict[str, Any]] = {}
    for performer in _performers(faces):
        known = best.get(performer["id"])
        if performer["confidence"] >= threshold and (known is None or known["confidence"] < performer["confidence"]):
            best[performer["id"]] = performer
    return sorted(best.values(), key=lambda performer: -performer["confidence"])


def _performers(faces: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for face in faces:
        for one in face["performers"]:
            yield {
                "id": f"stashdb:{one['id']}",
                "name": str(one.get("name", "")),
                "confidence": min(1.0, max(0.0, float(one.get("confidence", 0)) / 100)),
                "image_url": one.get("image"),
                "stash_url": one.get("performer_url"),
                "additional_info": {
                    **{key: one[key] for key in KEPT if key in one},
                    "calibrated": False,
                    "stash_ids": [{"endpoint": STASHDB, "stash_id": str(one["id"])}],
                },
            }
