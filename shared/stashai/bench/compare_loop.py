"""Against the loop that a user would write: the networks folded but not rewritten, ONNX Runtime as it comes, one image at a
time, the same work on each image; and the same answers."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..media.images import read_image
from ..settings import Settings
from ..vision.catalog import Catalog, ModelEntry
from ..vision.engine import AnalyzedFace, VisionEngine
from ..vision.fetch import fetch
from ..vision.prepare.onnx_file import write_onnx
from ..vision.prepare.pipeline import prepared_graph
from ..vision.profile import Profile
from ..vision.session import Session, Tensor
from .outcome import Line, Outcome, at_least, at_most
from .pipeline import pictures_below
from .speed import whole

BAR = 2.3
NEEDED = ("fold", "merge-arithmetic", "channels-first", "dynamic-batch", "dynamic-size")
"""Without these steps a graph does not run at all, or not at any size; the others only make it faster."""


class PlainSession:
    """A network as ONNX Runtime runs it when nothing is said: its own threads, its own options."""

    def __init__(self, entry: ModelEntry, settings: Settings) -> None:
        import onnxruntime

        plain = replace(entry, preparation=tuple(step for step in entry.preparation if step in NEEDED))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "plain.onnx")
            write_onnx(prepared_graph(plain, fetch(entry, settings)), path)
            self._session: Any = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name

    def run(self, blob: Tensor) -> Sequence[Tensor]:
        outputs: Sequence[Tensor] = self._session.run(None, {self._input: blob})
        return outputs

    def warm(self, shape: tuple[int, int, int, int]) -> None:
        self.run(np.zeros(shape, np.float32))

    def close(self) -> None:
        self._session = None


def plain_session(entry: ModelEntry, settings: Settings, runtime: Any) -> Session:
    return PlainSession(entry, settings)


def measure(settings: Settings, photos: Path, count: int, profile: Profile, rounds: int = 2) -> Outcome:
    """Images a second of both, and how far their answers are apart."""
    pictures = pictures_below(photos, count)
    plain = VisionEngine(settings, Catalog.load(), profile, opener=plain_session)
    plain.warm()
    theirs, answers = max((looped(plain, pictures) for _ in range(rounds)), key=lambda result: result[0])
    ours = max(whole(settings, pictures, None, profile) for _ in range(rounds))
    alike, boxes = difference(answers, looped(VisionEngine(settings, Catalog.load(), profile), pictures)[1])
    lines = [
        at_least("images a second against the loop that a user would write", ours / theirs, BAR, "{:.2f}×"),
        Line("whole pipeline", f"{ours:.1f} images/s"),
        Line("the loop", f"{theirs:.1f} images/s"),
        at_least("lowest cosine between the embeddings of a face", alike, 0.999, "{:.5f}"),
        at_most("largest difference of a box, in pixels", boxes, 0.5, "{:.2f}"),
    ]
    data = {"images": len(pictures), "ours": ours, "loop": theirs, "ratio": ours / theirs}
    data |= {"lowest_cosine": alike, "box_difference": boxes}
    return Outcome("loop", f"./stashai bench loop --photos {photos} --count {count} --profile {profile.value}", lines, data)


def looped(vision: VisionEngine, pictures: Sequence[Path]) -> tuple[float, list[list[AnalyzedFace]]]:
    """Images a second of a plain loop, and the faces of each image."""
    vision.analyze(read_image(pictures[0])[0])
    started = time.perf_counter()
    answers = [vision.analyze(read_image(path)[0]) for path in pictures]
    return len(pictures) / (time.perf_counter() - started), answers


def difference(first: Sequence[Sequence[AnalyzedFace]], second: Sequence[Sequence[AnalyzedFace]]) -> tuple[float, float]:
    """The lowest cosine between two embeddings of a face, and the largest difference of a box in pixels; -1 and infinity when
    they do not find the same faces. Rounding of a crop's pixels makes cosines of a little under one out of equal networks."""
    alike, boxes = 1.0, 0.0
    for one, other in zip(first, second, strict=True):
        if len(one) != len(other):
            return -1.0, float("inf")
        for a, b in zip(one, other, strict=True):
            for model, vector in a.observation.embeddings.items():
                alike = min(alike, float(vector @ b.observation.embeddings[model]))
            boxes = max(boxes, float(np.abs(np.subtract(a.observation.face.box, b.observation.face.box)).max()))
    return alike, boxes
