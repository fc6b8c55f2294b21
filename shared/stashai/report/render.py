"""The page itself: findings and crops in, one HTML text out that needs nothing else."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from PIL import Image

from .. import __version__
from .view import Picture, ReportItem, page

CROP_SIDE = 144
"""Pixels of a crop on the page: sharp at 72 CSS pixels on a dense screen, about 6 kB."""


def render(items: Sequence[ReportItem], crop: Callable[[str], bytes | None], when: datetime, title: str = "Who is in it") -> str:
    """The page as text. `crop` gives a kept crop's JPEG by its key. Everything that came from outside is escaped."""
    templates = PackageLoader("stashai.report", "templates")
    environment = Environment(loader=templates, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.get_template("report.html")
    return template.render(page=page(items, pictures(crop)), title=title, when=when, version=__version__)


def pictures(crop: Callable[[str], bytes | None]) -> Picture:
    """Crops as data URIs, each made once."""

    @cache
    def picture(key: str | None) -> str | None:
        stored = crop(key) if key else None
        return data_uri(stored) if stored else None

    return picture


def data_uri(jpeg: bytes) -> str:
    """A small JPEG out of a crop of any size."""
    with Image.open(io.BytesIO(jpeg)) as image:
        small = image.convert("RGB")
    small.thumbnail((CROP_SIDE, CROP_SIDE), Image.Resampling.LANCZOS)
    target = io.BytesIO()
    small.save(target, "JPEG", quality=82, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(target.getvalue()).decode("ascii")
