"""An accelerator that fails, or gives other numbers, does not decide who is in a picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from stashai.errors import ModelError
from stashai.vision.runtime import is_accelerated
from stashai.vision.session import Tensor
from stashai.vision.sessions.checked import checked, probe


class Fixed:
    """A session that gives `factor` times its input, or fails."""

    def __init__(self, factor: float, provider: str = "CPUExecutionProvider") -> None:
        self.factor = factor
        self.providers = [provider]
        self.closed = False

    def run(self, blob: Tensor) -> Sequence[Tensor]:
        if self.factor == 0:
            raise ModelError("no driver")
        return [blob * np.float32(self.factor)]

    def warm(self, shape: tuple[int, int, int, int]) -> None:
        self.run(np.zeros(shape, np.float32))

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(
    ("factor", "believed"), [(1.0, True), (1.001, True), (1.1, False), (-1.0, False), (float("nan"), False), (0.0, False)]
)
def test_only_the_right_numbers_are_believed(factor: float, believed: bool, caplog: pytest.LogCaptureFixture) -> None:
    fast, plain = Fixed(factor, "CUDAExecutionProvider"), Fixed(1.0)
    chosen = checked(lambda: fast, lambda: plain, probe((8, 4)), "Net")
    assert chosen is (fast if believed else plain)
    assert is_accelerated(chosen) is believed
    assert plain.closed is believed
    assert ("Net runs on the processor" in caplog.text) is not believed


def test_one_that_cannot_be_opened_is_left() -> None:
    def failing() -> Fixed:
        raise ModelError("no such device")

    plain = Fixed(1.0)
    assert checked(failing, lambda: plain, probe((8, 4)), "Net") is plain


def test_other_shapes_are_not_believed() -> None:
    class Flat(Fixed):
        def run(self, blob: Tensor) -> Sequence[Tensor]:
            return [blob.reshape(-1)]

    plain = Fixed(1.0)
    assert checked(lambda: Flat(1.0), lambda: plain, probe((8, 4)), "Net") is plain
