"""ONNX Runtime reports to nobody: it keeps an id of the machine in the user's cache when it does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from onnx import TensorProto, helper

OPEN = """
import sys
from pathlib import Path
from stashai.vision.sessions.ort import OrtSession
OrtSession(Path(sys.argv[1]), sys.argv[2:])
"""


def test_a_session_leaves_nothing_in_the_home_folder(tmp_path: Path) -> None:
    home, model = tmp_path / "home", tmp_path / "model.onnx"
    home.mkdir()
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Abs", ["x"], ["y"])], "abs", ends[:1], ends[1:])
    model.write_bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString())
    environ = {**os.environ, "HOME": str(home), "PYTHONPATH": os.pathsep.join(sys.path)}
    for name in ("ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME", "CI"):
        environ.pop(name, None)
    subprocess.run([sys.executable, "-c", OPEN, str(model), "CPUExecutionProvider"], env=environ, check=True)
    assert list(home.rglob("*")) == []
