"""A small library out of the demo's public pictures: two known people, a stranger, a clip with sprites, a zip."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import av
from PIL import Image

from stashai.demo import make_clip

from .library import Library

GRID = 9
TILE = (160, 90)


def fill(library: Library, pictures: Mapping[str, Path], folder: Path, *, sprites: bool = True) -> None:
    """Performers 1 Obama (a favourite), 2 Biden, 3 without a picture, 4 with two faces in it; scenes 1 with sprites, 2 behind HTTP
    alone; images 1 to 3 (2 a clip); gallery 1 of images in a zip (4 to 6)."""
    folder.mkdir(parents=True, exist_ok=True)
    clip = folder / "clip.mp4"
    if not clip.exists():
        make_clip(clip, pictures)
    library.add_performer("Barack Obama", pictures["obama.jpg"].read_bytes(), favorite=True)
    library.add_performer("Joe Biden", pictures["biden.jpg"].read_bytes())
    library.add_performer("Nobody Pictured")
    library.add_performer("Two Faces", _beside(pictures["obama.jpg"], pictures["biden.jpg"]))
    sheet, cues, duration, size, rate = _sprite(clip)
    media = {"sprite": sheet, "vtt": cues} if sprites else {}
    library.add_scene("The clip", clip, duration=duration, size=size, rate=rate, **media)  # type: ignore[arg-type]  # fields by name
    remote = library.add_scene("Elsewhere", "/not/mounted/here.mp4", duration=duration, size=size, rate=rate)
    remote.media["original"] = clip.read_bytes()
    remote.files[0]["size"] = clip.stat().st_size
    _images(library, pictures, clip, duration)


def _images(library: Library, pictures: Mapping[str, Path], clip: Path, duration: float) -> None:
    library.add_image("Obama", pictures["obama2.jpg"])
    video: dict[str, object] = {"duration": duration, "frame_rate": 25.0, "width": 960, "height": 540}
    library.add_image("A clip", clip, clip=video)
    library.add_image("Astronaut", pictures["astronaut.png"])
    gallery = library.add_gallery("Zipped", zip_file=Path("/not/mounted/gallery.zip"))
    for name in ("obama2.jpg", "obama3.jpg", "astronaut.png"):
        data = pictures[name].read_bytes()
        row = library.add_image(name, f"/not/mounted/gallery.zip/{name}", galleries=[gallery.id], data=data)
        row.files[0] |= {"size": len(data), "zip_file": {"id": "1", "path": "/not/mounted/gallery.zip", "basename": "gallery.zip"}}


def _beside(first: Path, second: Path) -> bytes:
    """Two people of about the same size in one picture."""
    left, right = (Image.open(path).convert("RGB").resize((500, 600)) for path in (first, second))
    both = Image.new("RGB", (1000, 600))
    both.paste(left, (0, 0))
    both.paste(right, (500, 0))
    target = io.BytesIO()
    both.save(target, "JPEG", quality=92)
    return target.getvalue()


def _sprite(clip: Path) -> tuple[bytes, bytes, float, tuple[int, int], float]:
    """A sheet as Stash makes it (9 by 9 tiles of 160 pixels) with its VTT, and the clip's duration, size and rate."""
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        rate, total = float(stream.average_rate or 25), stream.frames
        images = [Image.fromarray(frame.to_ndarray(format="rgb24")).resize(TILE) for frame in container.decode(stream)]
        size = (stream.width, stream.height)
    sheet, cues, count = Image.new("RGB", (GRID * TILE[0], GRID * TILE[1])), ["WEBVTT", ""], GRID * GRID
    for number in range(count):
        x, y = number % GRID * TILE[0], number // GRID * TILE[1]
        sheet.paste(images[min(len(images) - 1, number * len(images) // count)], (x, y))
        step = total // count / rate
        cues += [f"{_stamp(number * step)} --> {_stamp((number + 1) * step)}", f"0_sprite.jpg#xywh={x},{y},{TILE[0]},{TILE[1]}", ""]
    target = io.BytesIO()
    sheet.save(target, "JPEG", quality=85)
    return target.getvalue(), "\n".join(cues).encode(), len(images) / rate, size, rate


def _stamp(seconds: float) -> str:
    return f"{int(seconds // 3600):02d}:{int(seconds // 60 % 60):02d}:{seconds % 60:06.3f}"
