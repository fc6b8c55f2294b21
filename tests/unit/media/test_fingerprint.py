"""A fingerprint is of the content alone."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from stashai.errors import MediaError
from stashai.media.fingerprint import WHOLE_UP_TO, fingerprint, fingerprint_bytes, fingerprint_of


class Rows:
    """The rows that remember fingerprints, in a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, int, int], str] = {}

    def known_fingerprint(self, path: str, size: int, mtime_ns: int) -> str | None:
        return self.kept.get((path, size, mtime_ns))

    def remember_fingerprint(self, path: str, size: int, mtime_ns: int, fingerprint: str) -> None:
        self.kept[path, size, mtime_ns] = fingerprint


def test_the_same_bytes_under_another_name_are_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"picture")
    (tmp_path / "b.jpg").write_bytes(b"picture")
    (tmp_path / "c.jpg").write_bytes(b"Picture")
    a, b, c = (fingerprint(tmp_path / name) for name in ("a.jpg", "b.jpg", "c.jpg"))
    assert a == b == fingerprint_bytes(b"picture")
    assert a != c


@pytest.mark.parametrize("change", [0, 100, -1])
def test_a_large_file_differs_by_its_head_its_tail_and_its_size(tmp_path: Path, change: int) -> None:
    size = WHOLE_UP_TO + 12_345
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(size)
    before = fingerprint(path)
    with path.open("r+b") as file:
        file.seek(change if change >= 0 else size + change)
        file.write(b"x")
    assert fingerprint(path) != before
    with path.open("wb") as file:
        file.truncate(size + 1)
    assert fingerprint(path) != before


def test_an_unchanged_file_is_not_read_again(tmp_path: Path) -> None:
    path, rows = tmp_path / "a", Rows()
    path.write_bytes(b"one")
    first = fingerprint_of(path, rows)
    rows.kept = {key: "remembered" for key in rows.kept}
    assert fingerprint_of(path, rows) == "remembered"
    path.write_bytes(b"other")
    assert fingerprint_of(path, rows) not in ("remembered", first)


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    for path, code in ((tmp_path / "missing", "missing-file"), (tmp_path, "unreadable-folder")):
        with pytest.raises(MediaError) as caught:
            fingerprint_of(path, Rows())
        assert caught.value.code == code
        assert caught.value.remedy


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("no named pipes in folders here")
    pipe = tmp_path / "pipe.mp4"
    os.mkfifo(pipe)
    with pytest.raises(MediaError, match="pipe"):
        fingerprint_of(pipe, Rows())
