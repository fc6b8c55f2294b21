"""The container's recipe names what is there, and installs nothing that is not locked."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RECIPE = (ROOT / "worker" / "Dockerfile").read_text(encoding="utf-8")


def test_everything_that_is_installed_is_locked() -> None:
    installs = re.findall(r"pip install ([^\n;&]*)", RECIPE)
    assert len(installs) == 3
    for options in installs:
        found = re.fullmatch(r"--no-cache-dir --require-hashes -r (\S+)", options.rstrip(" \\"))
        assert found, options
        assert (ROOT / found[1]).is_file()


def test_what_is_copied_is_there() -> None:
    for source in re.findall(r"^COPY (?!--from)(\S+)", RECIPE, re.MULTILINE):
        assert (ROOT / source).is_dir(), source


def test_cuda_comes_with_its_runtime() -> None:
    lock = (ROOT / "locks" / "gpu.txt").read_text(encoding="utf-8")
    names = set(re.findall(r"^([\w-]+)==", lock, re.MULTILINE))
    assert {"onnxruntime-gpu", "nvidia-cuda-runtime", "nvidia-cublas", "nvidia-cufft", "nvidia-curand"} <= names
    assert any(name.startswith("nvidia-cudnn") for name in names)
