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

from .elsewhere import Health, Question, Remote, ServiceDownError, get, post

PREDICT = "/api/predict_1"
STASHDB = "https://stashdb.org/graphql"
KEPT = ("country", "hits", "distance")
NO_FACES = ("no faces found", "face could not be detected")
NO_PICTURE = ("cannot identify image", "incorrect padding", "image file is truncated")


class VisageAdapter:
    """Recognition of pictures that come with the request: Visage opens nothing itself."""

    def takes(self, path: str, body: Mapping[str, Any]) -> bool:
        return path.startswith("/facial-recognition/identify-") and bool(body.get("image_data"))

    def ask(self, remote: Remote, question: Question) -> dict[str, Any]:
        threshold, most = float(question.body.get("threshold", 0.5)), int(question.body.get("max_results", 5))
        faces = self._faces(remote, question, threshold, most)
        performers = _merged(faces, threshold)[:most]
        return {
            "success": True,
            "message": f"{len(performers)} known people, {len(faces)} faces. Visage's confidences are votes, not probabilities.",
            "entity": question.body.get("entity"),
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

    def _faces(self, remote: Remote, question: Question, threshold: float, most: int) -> Sequence[Mapping[str, Any]]:
        body = {"image_data": question.body["image_data"]["data"], "threshold": threshold, "results": most}
        status, said = post(remote, remote.endpoint + PREDICT, body, question.timeout)
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
