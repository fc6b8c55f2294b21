"""For all tests: Hypothesis without a clock (a busy machine is no failure), the same examples every time in CI, and ctrl-C as a
terminal has it, also when the whole run was started in the background, where a shell has it ignored. Tests that import ONNX
Runtime themselves report to nobody either (see stashai.vision)."""

from __future__ import annotations

import os
import signal

from hypothesis import settings

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
settings.register_profile("stashai", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("stashai")
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
