"""One function from a catalog entry to a network that runs, on the best runtime that this machine has."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from ..errors import ModelError
from ..settings import Settings
from .catalog import ModelEntry
from .prepare.cache import Runtime, prepared_path, sums_hold
from .session import Session

CPU = "CPUExecutionProvider"
_MODULES: dict[Runtime, str] = {"ort": "onnxruntime", "ncnn": "ncnn"}


def available_runtimes() -> list[Runtime]:
    """Runtimes that can be imported here, the preferred one first."""
    return [runtime for runtime, module in _MODULES.items() if find_spec(module) is not None]


def choose_runtime(wanted: Literal["auto", "ort", "ncnn"] = "auto") -> Runtime:
    """`wanted`, or the best available one. Raises ModelError with the remedy when it is not installed."""
    available = available_runtimes()
    if wanted == "auto" and available:
        return available[0]
    if wanted != "auto" and wanted in available:
        return wanted
    missing = "onnxruntime (or ncnn on musl)" if wanted == "auto" else _MODULES[wanted]
    raise ModelError(f"No runtime for networks: {missing} is not installed.", remedy="Run the set-up again.", code="runtime-missing")


def open_session(
    entry: ModelEntry,
    settings: Settings,
    runtime: Literal["auto", "ort", "ncnn"] = "auto",
    *,
    providers: Sequence[str] | None = None,
) -> Session:
    """A loaded network, fetched and prepared when it is not there yet.

    `providers` restricts ONNX Runtime to some of its devices (all available ones in `sessions.ort.PROVIDERS`' order
    otherwise). Raises SetupError (not obtainable) and ModelError (not usable).
    """
    chosen = choose_runtime(runtime)
    path = prepared_path(entry, chosen, settings)
    try:
        return _open(entry, chosen, path, providers)
    except ModelError:
        if sums_hold(path.parent):
            raise
    # The files are not what was written once: a disk's fault, or a copy that was cut off. They can be made again.
    shutil.rmtree(path.parent)
    return _open(entry, chosen, prepared_path(entry, chosen, settings), providers)


def is_accelerated(session: Session) -> bool:
    """Whether the session runs on something else than the processor, so that batches gain."""
    providers: Sequence[str] = getattr(session, "providers", ())
    return bool(providers) and providers[0] != CPU


def _open(entry: ModelEntry, runtime: Runtime, path: Path, providers: Sequence[str] | None) -> Session:
    try:
        if runtime == "ort":
            return _open_ort(entry, path, providers)
        from .sessions.ncnn import NcnnSession
    except ImportError as error:
        # Installed, but not loadable: a system library is missing, or the processor is too old for the build.
        remedy = "Run the set-up again; `stashai doctor` says more."
        raise ModelError(f"{_MODULES[runtime]} cannot be loaded: {error}", remedy=remedy, code="runtime-broken") from error
    return NcnnSession(path)


def _open_ort(entry: ModelEntry, path: Path, providers: Sequence[str] | None) -> Session:
    from .sessions.checked import checked, probe
    from .sessions.ort import OrtSession, available_providers

    wanted = list(providers or available_providers())
    if wanted == [CPU]:
        return OrtSession(path, wanted)
    side = 10 * entry.input.multiple
    return checked(lambda: OrtSession(path, wanted), lambda: OrtSession(path, [CPU]), probe(entry.input.size or (side, side)), entry.title)
