"""Labelled photographs as the pipeline sees them: one folder a person, the face nearest the middle, kept for the next run.

Vectors are kept in the data folder (`bench/`), by everything that decides what they are: a part that runs again starts at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import MediaError, UsageError
from ..media.frames import Frame, Pixels
from ..media.images import read_image
from ..media.kinds import IMAGE_EXTENSIONS
from ..settings import Settings
from ..vision.engine import AnalyzedFace, VisionEngine
from ..vision.faces import Face, Observation
from ..vision.profile import Profile

Observed = dict[Path, Observation]
"""By photograph; those without a face that can be matched are missing."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Somebody with their photographs, sorted by name."""

    name: str
    photographs: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What is done to photographs before they are looked at: `of` a path and its picture; equal `name`s do the same."""

    name: str
    of: Callable[[Path, Pixels], Pixels]


def subjects(folder: Path) -> list[Subject]:
    """The people of `folder/<name>/*`, by name. Raises UsageError when there are none."""
    found = []
    for place in sorted(folder.iterdir()):
        photographs = tuple(sorted(path for path in place.iterdir() if path.suffix.lower() in IMAGE_EXTENSIONS)) if place.is_dir() else ()
        if photographs:
            found.append(Subject(place.name, photographs))
    if not found:
        raise UsageError(f"{folder} holds no folders with photographs.", remedy="It should hold one folder a person.")
    return found


def observe(
    settings: Settings,
    photographs: Iterable[Path],
    *,
    change: Change | None = None,
    engine: VisionEngine | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Observed:
    """The face nearest the middle of each photograph, after `change`, with the vectors of all installed embedders. What was
    seen before comes from the data folder."""
    vision = engine or VisionEngine(settings, profile=Profile.BALANCED)
    wanted = list(dict.fromkeys(photographs))
    # The second network is fetched when it is missing: these figures are about both.
    models = vision.embedders
    store = _Store(settings.data / "bench", f"{vision.detector_id}|{'|'.join(models)}|{change.name if change else 0}")
    keys = {path: _key(path) for path in wanted}
    missing = [path for path in wanted if keys[path] not in store.rows]
    for done, (path, row) in enumerate(_seen(vision, missing, change, models)):
        store.rows[keys[path]] = row
        if progress is not None:
            progress(done + 1, len(missing))
        if done % 500 == 499:
            store.save()
    if missing:
        store.save()
    return {path: _copied(row) for path in wanted if (row := store.rows[keys[path]]) is not None}


def _seen(
    vision: VisionEngine, paths: Sequence[Path], change: Change | None, models: Sequence[str]
) -> Iterator[tuple[Path, Observation | None]]:
    for path, (frame, faces) in zip(paths, vision.map(_frame(path, change) for path in paths), strict=True):
        central = _central(frame, faces)
        if central is None:
            yield path, None
            continue
        seen = central.observation
        for model in models:
            if model not in seen.embeddings and central.chip is not None:
                seen.embeddings[model] = vision.embed_chip(model, central.chip)
        yield path, seen


def _frame(path: Path, change: Change | None) -> Frame:
    try:
        frame = read_image(path)[0]
    except MediaError:
        return Frame(np.zeros((64, 64, 3), np.uint8))
    return replace(frame, image=np.ascontiguousarray(change.of(path, frame.image))) if change else frame


def _central(frame: Frame, faces: Sequence[AnalyzedFace]) -> AnalyzedFace | None:
    width, height = frame.size

    def off(face: AnalyzedFace) -> float:
        x, y, w, h = face.observation.face.box
        return float(np.hypot(x + w / 2 - width / 2, y + h / 2 - height / 2))

    return min(faces, key=off, default=None)


def _key(path: Path) -> str:
    stat = path.stat()
    return f"{path.resolve()}|{stat.st_size}|{stat.st_mtime_ns}"


def _copied(seen: Observation) -> Observation:
    return replace(seen, embeddings=dict(seen.embeddings), crop="kept")


class _Store:
    """Rows by key in one file; None for a photograph without a usable face."""

    def __init__(self, folder: Path, analysis: str) -> None:
        self._path = folder / f"{hashlib.sha256(analysis.encode()).hexdigest()[:16]}.npz"
        self.rows: dict[str, Observation | None] = {}
        if self._path.is_file():
            self._load()

    def _load(self) -> None:
        with np.load(self._path) as file:
            models = [name.removeprefix("model:") for name in file.files if name.startswith("model:")]
            vectors = {model: file[f"model:{model}"] for model in models}
            keys, present, numbers = file["keys"], file["present"], file["numbers"]
        for row, key in enumerate(keys):
            if not present[row]:
                self.rows[str(key)] = None
                continue
            x, y, w, h, score, roll, quality = (float(value) for value in numbers[row])
            face = Face((x, y, w, h), np.zeros((5, 2), np.float32), score, roll)
            self.rows[str(key)] = Observation(None, face, quality, {model: vectors[model][row] for model in models})

    def save(self) -> None:
        models = sorted({model for seen in self.rows.values() if seen is not None for model in seen.embeddings})
        sizes = {model: next(len(s.embeddings[model]) for s in self.rows.values() if s is not None) for model in models}
        columns: dict[str, Any] = {f"model:{model}": np.zeros((len(self.rows), sizes[model]), np.float32) for model in models}
        numbers = np.zeros((len(self.rows), 7))
        for row, seen in enumerate(self.rows.values()):
            if seen is not None:
                numbers[row] = (*seen.face.box, seen.face.score, seen.face.roll, seen.quality)
                for model in models:
                    columns[f"model:{model}"][row] = seen.embeddings[model]
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial = self._path.with_suffix(".part.npz")
        present = np.array([seen is not None for seen in self.rows.values()])
        columns |= {"keys": np.array(list(self.rows)), "present": present, "numbers": numbers}
        np.savez(partial, **columns)
        partial.replace(self._path)
