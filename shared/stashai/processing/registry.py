"""Which services there are: built-in ones, those of installed packages, those of files in the data folder, in that order.

A service that cannot be imported is listed as broken, with its error, and the others work.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from ..errors import SetupError, UsageError
from .base import Processor

BUILT_IN = (
    "stashai.processors.identify",
    "stashai.processors.enroll",
    "stashai.processors.compare",
    "stashai.processors.entities",
    "stashai.processors.content",
    "stashai.processors.stash_look",
)
BUILT_IN_ORIGIN = "built in"
GROUP = "stashai.processors"
_MISSING_REMEDY = "Install what is missing; `stashai doctor` says how."

AnyProcessor = type[Processor[Any, Any]]


@dataclass(frozen=True, slots=True)
class Listed:
    """One service. `state` is ready, unavailable (something it requires is missing) or broken (it cannot be imported);
    `reason` says why in a sentence, `details` holds the traceback of a broken one."""

    id: str
    origin: str
    state: Literal["ready", "unavailable", "broken"]
    processor: AnyProcessor | None = None
    reason: str = ""
    details: str = ""

    @property
    def is_built_in(self) -> bool:
        return self.origin == BUILT_IN_ORIGIN

    @property
    def parameters(self) -> dict[str, Any]:
        """By name what is taken when nothing is said; None for those that must be said."""
        if self.processor is None or self.state == "broken":
            return {}
        known = self.processor.params.model_json_schema().get("properties", {})
        return {name: about.get("default") for name, about in known.items()}


class Registry:
    """Made once a process. Nothing is imported before something is asked for, and then no more than it takes to find it."""

    def __init__(self, built_in: Iterable[str] = BUILT_IN, folder: Path | None = None, group: str | None = GROUP) -> None:
        self._built_in = tuple(built_in)
        self._folder = folder
        self._group = group
        self._listed: dict[str, Listed] = {}
        self._coming = self.listing()
        self._lock = threading.RLock()

    def all(self) -> list[Listed]:
        """Every service, in the order of where it was found; of two with one id, the first."""
        with self._lock:
            for listed in self._coming:
                self._listed.setdefault(listed.id, listed)
            return list(self._listed.values())

    def find(self, processor_id: str) -> Listed | None:
        with self._lock:
            while processor_id not in self._listed:
                listed = next(self._coming, None)
                if listed is None:
                    return None
                self._listed.setdefault(listed.id, listed)
            return self._listed[processor_id]

    def create(self, processor_id: str) -> Processor[Any, Any]:
        """A new processor. UsageError for an unknown id, SetupError for one that cannot run here."""
        listed = self.find(processor_id)
        if listed is None:
            known = ", ".join(sorted(listed.id for listed in self.all() if listed.state != "broken"))
            raise UsageError(f"There is no service {processor_id!r}.", code="unknown-processor", remedy=f"There are: {known}.")
        if listed.processor is None or listed.state != "ready":
            raise SetupError(
                f"The service {processor_id} cannot run here: {listed.reason}.", code="processor-unavailable", remedy=_MISSING_REMEDY
            )
        return listed.processor()

    def listing(self) -> Iterator[Listed]:
        """One after the other, each imported when its turn comes; those of one id more than once."""
        for name in self._built_in:
            yield from _loaded(name, BUILT_IN_ORIGIN, partial(importlib.import_module, name))
        if self._group is not None:
            for entry in entry_points(group=self._group):
                yield from _loaded(entry.name, f"package {entry.dist.name if entry.dist else entry.value}", entry.load)
        if self._folder is not None and self._folder.is_dir():
            for path in sorted(self._folder.glob("*.py")):
                yield from _loaded(path.stem, str(path), partial(_import_file, path))


def _loaded(name: str, origin: str, load: Callable[[], object]) -> Iterator[Listed]:
    try:
        found = list(_processors(load()))
        if not found:
            raise TypeError("it defines no Processor with an id")
        yield from (_judged(processor, origin) for processor in found)
    except Exception as error:  # noqa: BLE001 - the boundary: one service's fault is listed, and the others work
        yield Listed(name, origin, "broken", reason=f"{type(error).__name__}: {error}", details=traceback.format_exc())


def _processors(loaded: object) -> Iterator[AnyProcessor]:
    """The processors that a module defines itself, or the class that an entry point names."""
    if isinstance(loaded, type) and issubclass(loaded, Processor):
        yield loaded
    elif isinstance(loaded, ModuleType):
        for value in vars(loaded).values():
            own = isinstance(value, type) and issubclass(value, Processor) and value.__module__ == loaded.__name__
            if own and isinstance(getattr(value, "id", None), str):
                yield value


def _judged(processor: AnyProcessor, origin: str) -> Listed:
    lacking = [attribute for attribute in ("title", "action_type", "params", "result") if not hasattr(processor, attribute)]
    if lacking:
        return Listed(processor.id, origin, "broken", reason=f"it does not set {', '.join(lacking)}")
    missing = [name for name in processor.requires if not _importable(name)]
    if missing:
        return Listed(processor.id, origin, "unavailable", processor, f"it needs {', '.join(missing)}")
    return Listed(processor.id, origin, "ready", processor)


def _importable(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _import_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"stashai_processor_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # pydantic and dataclasses look their annotations up there
    try:
        spec.loader.exec_module(module)
    except BaseException:  # raised again: a half-loaded module must not be found by the next import
        del sys.modules[spec.name]
        raise
    return module
