"""Against `face_recognition` (dlib) on the same photographs: images a second, and who is named, strangers among them.

It lives in an environment of its own (locks/dlib.txt), made the first time in the user's cache.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import SetupError
from ..media.images import read_image
from ..settings import Settings
from ..vision.catalog import Catalog
from ..vision.engine import VisionEngine
from ..vision.profile import Profile
from .outcome import Line, Outcome, at_least
from .speed import paced

BAR = 7.0
ROUNDS = 2
"""How often each is timed; the best counts."""
RATES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.37)
"""Shares of strangers who are given a name."""
DEFAULT_DISTANCE = 0.6


@dataclass(frozen=True, slots=True)
class Split:
    """Photographs: one of each enrolled person, other ones of them, and people who are not enrolled."""

    names: Sequence[str]
    enrolled: Sequence[Path]
    probes: Sequence[tuple[int, Path]]
    strangers: Sequence[Path]

    @property
    def photographs(self) -> list[Path]:
        return [*self.enrolled, *(path for _, path in self.probes), *self.strangers]


def measure(settings: Settings, known: Path, strangers: Path, enrolled: int, count: int) -> Outcome:
    """`enrolled` people with their first photograph, their others and `count` strangers as probes."""
    split = divided(known, strangers, enrolled, count)
    ours, their_runs, our_runs = our_vectors(settings, split.photographs), [], []
    for _ in range(ROUNDS):  # in turns: a machine that others use is slower in one minute than in the next
        theirs, seconds, cpu = dlib_vectors(settings, split.photographs)
        their_runs.append((len(split.photographs) / seconds, cpu))
        our_runs.append(paced(settings, split.photographs, None, Profile.FAST))
    (pace, their_cpu), (speed, our_cpu) = max(their_runs), max(our_runs)
    curve = [(rate, found(split, ours, rate), found(split, theirs, rate)) for rate in RATES]
    named = strangers_named(split, theirs, DEFAULT_DISTANCE)
    # where both find everybody there is nothing to be better at
    better = min((mine - other for _, mine, other in curve if min(mine, other) < 1.0), default=0.0)
    lines = [
        at_least("images a second against face_recognition, profile fast", speed / pace, BAR, "{:.1f}×"),
        Line("StashAI", f"{speed:.1f} images/s, {1000 * our_cpu:.1f} ms CPU an image"),
        Line("face_recognition", f"{pace:.1f} images/s, {1000 * their_cpu / len(split.photographs):.1f} ms CPU an image"),
        Line("found more than face_recognition, at every rate of strangers named", f"{better:+.1%} at least", "> 0", better > 0),
        Line("strangers that face_recognition names at its default distance", f"{named:.1%}"),
        *(Line(f"  found when {rate:.1%} of strangers are named", f"{mine:.1%} against {other:.1%}") for rate, mine, other in curve),
    ]
    data: dict[str, object] = {"images": len(split.photographs), "ours": speed, "dlib": pace, "ratio": speed / pace, "enrolled": enrolled}
    data |= {"our_cpu_ms": 1000 * our_cpu, "dlib_cpu_ms": 1000 * their_cpu / len(split.photographs)}
    data |= {"strangers_named": named, "curve": [{"strangers": rate, "ours": mine, "dlib": other} for rate, mine, other in curve]}
    command = f"./stashai bench dlib --known {known} --strangers {strangers} --enrolled {enrolled} --count {count}"
    return Outcome("dlib", command, lines, data)


def divided(known: Path, strangers: Path, enrolled: int, count: int) -> Split:
    """The first people by name who have two photographs or more, and the first strangers."""
    people = [sorted(folder.iterdir()) for folder in sorted(known.iterdir()) if folder.is_dir()]
    chosen = [photos for photos in people if len(photos) > 1][:enrolled]
    probes = [(index, path) for index, photos in enumerate(chosen) for path in photos[1:]]
    others = [path for folder in sorted(strangers.iterdir()) if folder.is_dir() for path in sorted(folder.iterdir())[:1]][:count]
    return Split([photos[0].parent.name for photos in chosen], [photos[0] for photos in chosen], probes, others)


def dlib_vectors(settings: Settings, photographs: Sequence[Path]) -> tuple[NDArray[np.float32], float, float]:
    """Encodings (N, 128), NaN where no face was found, and the seconds of the loop by the clock and of CPU time."""
    python = environment(settings)
    with tempfile.TemporaryDirectory() as folder:
        listed, target = Path(folder, "list.json"), Path(folder, "out.npz")
        listed.write_text(json.dumps([str(path) for path in photographs]), encoding="utf-8")
        worker = Path(__file__).with_name("dlib_worker.py")
        subprocess.run([str(python), str(worker), str(listed), str(target)], check=True)
        with np.load(target) as answer:
            return answer["vectors"], float(answer["seconds"]), float(answer["cpu"])


def environment(settings: Settings) -> Path:
    """The Python of the environment with face_recognition, made the first time. Raises SetupError."""
    lock = Path(__file__).resolve().parents[3] / "locks" / "dlib.txt"
    folder = settings.models.parent / "bench-dlib"
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    stamp = folder / "complete"
    if not stamp.exists() or stamp.read_bytes() != lock.read_bytes():
        try:
            venv.create(folder, clear=True, with_pip=True)
        except subprocess.CalledProcessError as error:
            raise SetupError("venv could not make an environment.", remedy="On Debian and Ubuntu: apt install python3-venv.") from error
        # --no-deps: the lock is complete, and dlib itself is there as dlib-bin
        command = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "-r", str(lock)]
        if subprocess.run(command, stdout=sys.stderr, check=False).returncode:
            raise SetupError("face_recognition could not be installed.", remedy="Its reason is above; it needs the package index.")
        stamp.write_bytes(lock.read_bytes())
    return python


def our_vectors(settings: Settings, photographs: Sequence[Path]) -> NDArray[np.float32]:
    """The primary embedding of the face nearest the middle, NaN where there is none."""
    vision = VisionEngine(settings, Catalog.load(), Profile.FAST)
    rows: list[NDArray[np.float32] | None] = []
    for frame, faces in vision.map(read_image(path)[0] for path in photographs):
        width, height = frame.size

        def off_centre(box: tuple[float, float, float, float], size: tuple[int, int] = (width, height)) -> float:
            return float(np.hypot(box[0] + box[2] / 2 - size[0] / 2, box[1] + box[3] / 2 - size[1] / 2))

        best = min(faces, key=lambda face: off_centre(face.observation.face.box), default=None)
        rows.append(None if best is None else best.observation.embeddings[vision.primary])
    length = next(len(row) for row in rows if row is not None)
    return np.array([np.full(length, np.nan) if row is None else row for row in rows], np.float32)


def distances(split: Split, vectors: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Euclidean distances (probes + strangers, enrolled) of probes and of strangers; infinite where there is no face."""
    enrolled, rest = vectors[: len(split.enrolled)], vectors[len(split.enrolled) :]
    apart = np.linalg.norm(rest[:, None, :] - enrolled[None, :, :], axis=2)
    apart[np.isnan(apart)] = np.inf
    return apart[: len(split.probes)], apart[len(split.probes) :]


def found(split: Split, vectors: NDArray[np.float32], rate: float) -> float:
    """Share of the probes whose nearest enrolled person is right, and nearer than the limit that names `rate` of strangers."""
    probes, strangers = distances(split, vectors)
    nearest = np.sort(strangers.min(axis=1))
    limit = nearest[int(rate * len(nearest))]
    right = probes.argmin(axis=1) == np.array([index for index, _ in split.probes])
    return float(np.mean(right & (probes.min(axis=1) < limit)))


def strangers_named(split: Split, vectors: NDArray[np.float32], limit: float) -> float:
    return float(np.mean(distances(split, vectors)[1].min(axis=1) <= limit))
