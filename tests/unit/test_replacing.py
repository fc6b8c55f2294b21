"""A file is there whole or not at all, and nothing half made stays beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from stashai.replacing import moved_into_place


def test_takes_the_place_of_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "settings.json"
    target.write_text("one")
    moved_into_place(target, lambda partial: partial.write_text("two"))
    assert target.read_text() == "two"
    assert list(tmp_path.iterdir()) == [target]


def test_what_fails_half_way_leaves_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "settings.json"
    target.write_text("one")

    def half(partial: Path) -> None:
        partial.write_text("tw")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        moved_into_place(target, half)
    assert target.read_text() == "one"
    assert list(tmp_path.iterdir()) == [target]
