"""Pictures that anybody may have: official portraits, public-domain photographs and a clip made of them.

They come out of pinned packages of the registry, checked by sha256, and are kept in the user's cache. The demo shows
recognition with them; the tests of real recognition use the same.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import requests
from PIL import Image

from .errors import SetupError
from .settings import Settings
from .vision.archives import extract
from .vision.catalog import Source
from .vision.download import Progress, download, file_sha256
from .vision.lock import locked
from .vision.registries import file_url, http_session

PORTRAITS = Source(
    kind="wheel",  # any file of the package index
    package="face_recognition",
    version="1.3.0",
    file="face_recognition-1.3.0.tar.gz",
    sha256="5e5efdd1686aa566af0d3cc1313b131e4b197657a8ffd03669e6d3fad92705ec",
    bytes=3182249,
)
SKIMAGE = Source(
    kind="wheel",
    package="scikit-image",
    version="0.26.0",
    file="scikit_image-0.26.0-cp312-cp312-win_amd64.whl",
    sha256="abed017474593cd3056ae0fe948d07d0747b27a085e92df5474f4955dd65aec0",
    bytes=11911059,
)


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture inside a package."""

    source: Source
    member: str
    sha256: str

    @property
    def name(self) -> str:
        return self.member.rpartition("/")[2]


def _portrait(name: str, sha256: str) -> Picture:
    return Picture(PORTRAITS, f"face_recognition-1.3.0/tests/test_images/{name}", sha256)


PICTURES = (
    _portrait("biden.jpg", "3c17508bb91554c637a2eabddfae790e5bb1caba93130814fc2ac50be9760c4c"),
    _portrait("obama.jpg", "0930e3aa8cae5920329c0c8cbc6a2ab70f47b0e67b432875beaa95cbf7e741f6"),
    _portrait("obama2.jpg", "a7efcc907375274796f39646510704aa86672d59f6d5469d69af3c85590976a6"),
    _portrait("obama3.jpg", "76ac6bf97c36dc2da0ad16a537d6a5ac1b10f48d49aac29a0cca9a17cdbc3ca3"),
    _portrait("obama_partial_face.jpg", "c2d1f09e7ef3042352b41e41286e6eb0522f64f88308be13886991b95db52117"),
    Picture(SKIMAGE, "skimage/data/astronaut.png", "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5"),
)


def fetch_pictures(settings: Settings, progress: Progress | None = None, *, environ: Mapping[str, str] = os.environ) -> dict[str, Path]:
    """The pictures by file name, fetched when they are not in the cache yet. Raises SetupError with what to do."""
    folder = settings.models / "pictures"
    for source in (PORTRAITS, SKIMAGE):
        wanted = [picture for picture in PICTURES if picture.source is source]
        with locked(settings.models / "locks" / f"{source.sha256[:16]}.lock"):
            if not all(_have(folder / picture.name, picture.sha256) for picture in wanted):
                _take(source, wanted, folder, settings, progress, environ)
    return {picture.name: folder / picture.name for picture in PICTURES}


def _have(path: Path, sha256: str) -> bool:
    return path.is_file() and file_sha256(path) == sha256


def _take(
    source: Source, wanted: Sequence[Picture], folder: Path, settings: Settings, progress: Progress | None, environ: Mapping[str, str]
) -> None:
    """Extract the wanted members of one package, each under another name until its sha256 is right."""
    package = _package(source, settings, progress, environ)
    folder.mkdir(parents=True, exist_ok=True)
    for picture in wanted:
        partial = folder / f"{picture.name}.part"
        extract(package, picture.member, partial)
        if not _have(partial, picture.sha256):
            raise SetupError(f"{picture.member} of {source.file} is not the picture that is expected.", remedy="Fetch it again.")
        partial.replace(folder / picture.name)
    if package.parent == settings.models / "downloads":
        package.unlink()


def _package(source: Source, settings: Settings, progress: Progress | None, environ: Mapping[str, str]) -> Path:
    local = settings.model_source / source.file if settings.model_source else None
    if local and _have(local, source.sha256):
        return local
    target = settings.models / "downloads" / source.file
    try:
        with http_session(environ) as http:
            download(file_url(source, http, environ), target, source.bytes, source.sha256, http, progress)
    except requests.RequestException as error:
        raise SetupError(
            f"The demo's pictures could not be fetched: {source.file} is out of reach.",
            remedy="Go online, or put that file into a folder and set STASHAI_MODEL_SOURCE to it.",
            code="offline",
        ) from error
    return target


@dataclass(frozen=True, slots=True)
class DemoSet:
    """`people` is laid out for enrolment (one photograph each), `media` what to identify."""

    people: Path
    media: tuple[Path, ...]


KNOWN = {"Barack Obama": "obama.jpg", "Joe Biden": "biden.jpg"}
PROBES = ("obama2.jpg", "obama3.jpg", "obama_partial_face.jpg", "astronaut.png")


def lay_out(folder: Path, pictures: Mapping[str, Path]) -> DemoSet:
    """A people folder and media out of the fetched pictures, below `folder`; what is there already is kept."""
    people, media = folder / "people", folder / "media"
    for name, file in KNOWN.items():
        _copy(pictures[file], people / name / file)
    probes = [_copy(pictures[file], media / file) for file in PROBES]
    clip = media / "clip.mp4"
    if not clip.exists():
        partial = clip.with_name("clip.part.mp4")
        make_clip(partial, pictures)
        partial.replace(clip)
    return DemoSet(people, (*probes, clip))


def _copy(source: Path, target: Path) -> Path:
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
    return target


SIZE, RATE = (960, 540), 25
SHOTS: tuple[tuple[float, tuple[str, ...]], ...] = (
    (3.0, ("obama2.jpg",)),
    (2.5, ("biden.jpg",)),
    (2.5, ("astronaut.png",)),
    (3.0, ("obama3.jpg", "astronaut.png")),
    (2.0, ("biden.jpg", "obama2.jpg")),
)
"""Seconds and who is on screen, one or two beside each other."""
FACES = {"obama2.jpg": (344, 320, 320), "obama3.jpg": (717, 560, 320), "biden.jpg": (407, 350, 330), "astronaut.png": (233, 113, 110)}
"""Middle (x, y) and height of the face in each picture, in pixels."""


def make_clip(target: Path, pictures: Mapping[str, Path]) -> None:
    """A clip of 13 s, 960 x 540, H.264: each shot a slow zoom into one or two of the pictures."""
    with av.open(str(target), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"crf": "23", "preset": "veryfast", "g": "25"})
        stream.width, stream.height, stream.pix_fmt, stream.time_base = *SIZE, "yuv420p", Fraction(1, RATE)
        number = 0
        for seconds, names in SHOTS:
            images = [Image.open(pictures[name]).convert("RGB") for name in names]
            count = int(seconds * RATE)
            for step in range(count):
                frame = av.VideoFrame.from_ndarray(np.asarray(shot(names, images, step / count)), format="rgb24")
                frame.pts, number = number, number + 1
                container.mux(stream.encode(frame))
        container.mux(stream.encode())


def shot(names: Sequence[str], images: Sequence[Image.Image], progress: float) -> Image.Image:
    """One frame: each face in the middle of its share of the width, a little nearer as `progress` goes from 0 to 1."""
    canvas, width = Image.new("RGB", SIZE), SIZE[0] // len(images)
    for place, (name, image) in enumerate(zip(names, images, strict=True)):
        x, y, height = FACES[name]
        reach = height / (0.38 + 0.1 * progress)
        half = reach * width / SIZE[1] / 2
        box = (x - half, y - reach / 2, x + half, y + reach / 2)
        view = image.transform((width, SIZE[1]), Image.Transform.EXTENT, box, Image.Resampling.BILINEAR, fillcolor=(24, 26, 30))
        canvas.paste(view, (place * width, 0))
    return canvas
