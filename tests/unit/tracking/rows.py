"""Short ways to say a request, an outcome, a face."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from stashai.processing.stores import Reference, SeenFrame
from stashai.tracking.database import Database
from stashai.tracking.records import JobRequest, Outcome
from stashai.vision.faces import Face, Observation, Vector


def request(name: str = "job", **options: Any) -> JobRequest:
    return JobRequest(processor="toy", action_type="facial_recognition", config=json.dumps({"name": name}), name=name, **options)


def outcome(unit: str, sequence: int = 0, **options: Any) -> Outcome:
    columns: dict[str, Any] = {"result": "pass", "data": "{}", "started_at": 1.0, "seconds": 0.5, "entity_id": unit, **options}
    return Outcome(unit=unit, sequence=sequence, entity_type="image", **columns)


def vector(seed: int, dimension: int = 128) -> Vector:
    values = np.random.default_rng(seed).normal(size=dimension).astype(np.float32)
    unit: Vector = values / np.linalg.norm(values)
    return unit


def observation(seed: int = 0, time: float | None = None, **options: Any) -> Observation:
    landmarks = np.random.default_rng(seed).normal(size=(5, 2)).astype(np.float32)
    face = Face((1.0, 2.0, 30.5, 40.0), landmarks, 0.9, -12.0)
    columns: dict[str, Any] = {"embeddings": {"first": vector(seed)}, "details": {"size": 0.5}, **options}
    return Observation(time, face, 0.8, **columns)


def frame(time: float | None = None, *observations: Observation, note: str | None = None) -> SeenFrame:
    return SeenFrame(time, list(observations), note)


def reference(person: int, origin: str = "/people", path: str = "/people/a/1.jpg", seed: int = 0, **options: Any) -> Reference:
    columns: dict[str, Any] = {"embeddings": {"first": vector(seed), "second": vector(seed, 512)}, **options}
    return Reference(person, origin, path, f"print-{path}", 0.9, (1.0, 2.0, 3.0, 4.0), f"crop-{path}", **columns)


def pass_time(database: Database, seconds: float) -> None:
    """Let `seconds` pass. A server's clock is moved by no test: every lease, watch and date is that much older instead."""
    if database.is_sqlite:
        database.clock.sleep(seconds)
        return
    changes = ", ".join(f"{column} = {column} - {seconds}" for column in ("lease_until", "watch_until", "created_at", "completed_at"))
    database.execute(f"UPDATE processing_jobs SET {changes}")
