"""What was said of services by request, kept over a restart: the registered ones, and which are set aside."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from pydantic import BaseModel, ValidationError

from stashai.contracts.services import ServiceInfo

logger = logging.getLogger(__name__)


class Kept(BaseModel):
    """`aside` are the names of those in maintenance, also of processors."""

    registered: dict[str, ServiceInfo] = {}
    aside: set[str] = set()


class KeptServices:
    """A small file in the data folder, for this worker alone."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> Kept:
        """Nothing when there is no file yet, or none that can be read."""
        try:
            return Kept.model_validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return Kept()
        except (OSError, ValidationError) as error:
            logger.warning("The registered services in %s cannot be read and are left out: %s", self._path, error)
            return Kept()

    def save(self, kept: Kept) -> None:
        """Raises OSError."""
        partial = self._path.with_name(self._path.name + ".part")
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(kept.model_dump_json())
        partial.replace(self._path)
