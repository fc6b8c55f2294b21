"""The whole pipeline on a folder of its own: what benchmarks time, and nothing of the user's is touched."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ..clock import SystemClock
from ..contracts.findings import Findings
from ..errors import UsageError
from ..media.crops import CropFolder
from ..processing.base import Processor
from ..processing.context import Context
from ..processing.registry import Registry
from ..processing.runner import Runner
from ..processing.stores import Stores
from ..processors.enroll import EnrollFolder, EnrollParams
from ..processors.identify import IdentifyMedia, IdentifyParams
from ..settings import Settings
from ..text import original, storable
from ..tracking.ledger import Ledger
from ..tracking.open import open_stores
from ..tracking.records import JobRequest, JobRow
from ..vision.engine import VisionEngine


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Rows of its own, and the networks."""

    settings: Settings
    ledger: Ledger
    stores: Stores
    vision: VisionEngine

    def run(self, processor: type[Processor[Any, Any]], params: BaseModel) -> tuple[JobRow, float]:
        """The job, run to its end, and the seconds that it took. Raises StashAIError when it failed as a whole."""
        request = JobRequest(processor.id, processor.action_type, config=params.model_dump_json(), name="benchmark")
        job = self.ledger.submit(request).job
        runner = Runner(self.ledger, Registry(group=None), self._context, cores=self.settings.cores)
        started = time.perf_counter()
        ended = runner.run(job.job_id)
        if ended.error is not None:
            raise ended.error
        return ended.job, time.perf_counter() - started

    def _context(self, control: Any) -> Context:
        return Context(self.settings, self.stores, SystemClock(), control, self.vision)

    def enroll(self, folder: Path) -> None:
        self.run(EnrollFolder, EnrollParams(folder=storable(str(folder.absolute())), explicit=True))

    def identify(self, media: Sequence[Path], **options: object) -> tuple[dict[str, Findings], float]:
        """Findings by path, and the seconds that it took."""
        params = {"media": [storable(str(path.absolute())) for path in media], "profile": self.vision.profile.value, **options}
        params.setdefault("embedders", self.vision.installed_embedders)
        job, seconds = self.run(IdentifyMedia, IdentifyParams.model_validate(params))
        items = self.ledger.all_items(job.job_id)
        found = {original(i.entity_filepath or i.unit): Findings.model_validate_json(i.response_data) for i in items if i.response_data}
        return found, seconds


@contextmanager
def pipeline(settings: Settings, vision: VisionEngine) -> Iterator[Pipeline]:
    """A pipeline whose rows lie in a temporary folder, removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="stashai-bench-") as folder:
        own = replace(settings, data=Path(folder), database_url="")
        ledger, stores = open_stores(own, CropFolder(own.data / "crops"))
        try:
            yield Pipeline(own, ledger, stores, vision)
        finally:
            ledger.database.close()


def pictures_below(folder: Path, count: int) -> list[Path]:
    """The first `count` photographs below `folder`, by name. UsageError when there are none."""
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in {".jpg", ".jpeg", ".png"})[:count]
    if not found:
        raise UsageError(f"There are no photographs below {folder}.", remedy="Give a folder with JPEG files.")
    return found
