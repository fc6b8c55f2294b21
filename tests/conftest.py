"""For all tests: Hypothesis without a clock (a busy machine is no failure), and in CI with the same examples every time."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("stashai", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("stashai")
