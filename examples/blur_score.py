"""Blur score: how sharp each picture of a folder is. One file is a whole service: put it into <data folder>/processors.

    mkdir -p "$STASHAI_DATA/processors" && cp examples/blur_score.py "$STASHAI_DATA/processors/"
    curl localhost:9666/api/v1/quality.blur/process -H 'content-type: application/json' -d '{"params": {"folder": "/pictures"}}'
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import BaseModel

from stashai.errors import UsageError
from stashai.media.images import read_image
from stashai.media.kinds import IMAGE_EXTENSIONS
from stashai.processing.base import Entity, Metrics, Processor, Unit
from stashai.processing.context import Context


class Params(BaseModel):
    """Pictures below `least` fail the caller's criterion."""

    folder: str
    least: float = 0.0


class Result(BaseModel):
    """`sharpness` is the variance of the Laplacian of the brightness (Pech-Pacheco et al. 2000)."""

    sharpness: float
    least: float


class BlurScore(Processor[Params, Result]):
    id: ClassVar[str] = "quality.blur"
    title: ClassVar[str] = "Blur score"
    action_type: ClassVar[str] = "quality"
    requires: ClassVar[tuple[str, ...]] = ("numpy", "PIL")
    params: ClassVar[type[BaseModel]] = Params
    result: ClassVar[type[BaseModel]] = Result

    def units(self, params: Params, ctx: Context) -> Iterator[Unit]:
        folder = ctx.path(Path(params.folder))
        if not folder.is_dir():
            raise UsageError(f"{folder} is no folder.", code="missing-file", remedy="Name a folder of pictures.")
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() in IMAGE_EXTENSIONS:
                yield Unit(path.name, Entity("image", path.name, path=str(path)))

    def process(self, unit: Unit, params: Params, ctx: Context) -> Result:
        grey = read_image(ctx.path(Path(params.folder) / unit.key))[0].image.mean(axis=2, dtype=np.float32)
        ctx.check()
        laplacian = grey[1:-1, :-2] + grey[1:-1, 2:] + grey[:-2, 1:-1] + grey[2:, 1:-1] - 4 * grey[1:-1, 1:-1]
        return Result(sharpness=float(laplacian.var()), least=params.least)

    def metrics(self, result: Result) -> Metrics:
        failed = None if result.sharpness >= result.least else f"sharpness below {result.least:g}"
        return Metrics(criteria_failed=failed, criteria={"least": result.least}, score=result.sharpness)
