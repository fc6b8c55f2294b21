"""Set-up as our pages see it: the plan with sizes and places, and how far it is. Standard library only, and cheap."""

from __future__ import annotations

from typing import Any

from stashai.mode import runs_onnx

from ..request import Request
from ..said import Said
from .state import is_ready, read, runtime_is_there, setup_lock

PYPI = "pypi.org"
_INTERRUPTED = Said("setup-interrupted", "The set-up was interrupted.")
_OTHER = Said("setup-other", "Python or StashAI was updated: its packages have to be installed again.")


def plan(request: Request) -> dict[str, Any]:
    """What will be fetched and where it goes. Sizes were measured on the lock's wheels."""
    runtime = [("Numbers and pictures (numpy, Pillow)", 24), ("Video (PyAV)", 36), ("Matching (SciPy)", 38), ("Small packages", 6)]
    runtime.append(("Face recognition engine (ONNX Runtime)", 28) if runs_onnx() else ("Face recognition engine (ncnn)", 12))
    parts = [{"name": name, "mb": size, "from": PYPI} for name, size in runtime]
    parts.append({"name": "Models (YuNet, SFace)", "mb": 10, "from": PYPI})
    parts.append({"name": "Second model, after the first names (FaceNet)", "mb": 83, "from": PYPI})
    return {"download_mb": sum(size for _, size in runtime) + 10, "folder": str(request.data), "parts": parts}


def status(request: Request) -> dict[str, Any]:
    """{state: idle|running|done|failed, fraction, message, remedy, said, plan}. A child that died says so."""
    saved = read(request.data)
    state = str(saved.get("state") or ("done" if is_ready(request) else "idle"))
    said, remedy = Said.read(str(saved.get("said") or "")), str(saved.get("remedy") or "")
    if state == "running" and not setup_lock(request.data).is_taken():
        state, said, remedy = "failed", _INTERRUPTED, "Start it again: it goes on with what has arrived."
    if state == "done" and not runtime_is_there(request):
        # Python, the lock or the machine changed: it is done for another one.
        state, said = "idle", _OTHER
    fraction = float(saved.get("fraction") or 0.0)
    return {"state": state, "fraction": fraction, "message": said.text, "remedy": remedy, "said": said.shown, "plan": plan(request)}
