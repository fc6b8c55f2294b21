"""A worker that has too much to do is asked again and again, until it answers or the task is to stop."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from .link import AskAgainError

if TYPE_CHECKING:
    from stashai.processing.control import JobControl

ASK_AGAIN = 2.0
T = TypeVar("T")


def patiently(control: JobControl, ask: Callable[[], T]) -> T:
    """What `ask` answers. Raises what it raises but AskAgainError, and what the control says."""
    while True:
        control.check()
        try:
            return ask()
        except AskAgainError:
            control.wait(ASK_AGAIN)
