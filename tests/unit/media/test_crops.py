"""Crops on disk: named by content, for this user only, all or nothing."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from stashai.errors import StorageError
from stashai.media.crops import CropFolder


def test_what_is_put_is_got(tmp_path: Path) -> None:
    crops = CropFolder(tmp_path / "crops")
    key = crops.put(b"jpeg\r\nwith\nlines")
    assert crops.get(key) == b"jpeg\r\nwith\nlines"
    assert crops.put(b"jpeg\r\nwith\nlines") == key
    assert crops.put(b"other") != key
    assert len([path for path in (tmp_path / "crops").rglob("*") if path.is_file()]) == 2


def test_missing_deleted_wiped(tmp_path: Path) -> None:
    crops = CropFolder(tmp_path / "crops")
    one, two = crops.put(b"1"), crops.put(b"2")
    crops.delete([one, "0" * 32])
    assert crops.get(one) is None
    assert crops.get(two) == b"2"
    crops.wipe()
    crops.wipe()
    assert crops.get(two) is None
    assert crops.get(crops.put(b"3")) == b"3"


def test_nobody_else_may_look(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("modes are POSIX")
    crops = CropFolder(tmp_path / "crops")
    crops.put(b"face")
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "crops").rglob("*")}
    assert modes == {0o700, 0o600}


@pytest.mark.parametrize("key", ["../secret", "a/b", "", "ab.jpg"])
def test_a_key_never_leads_elsewhere(tmp_path: Path, key: str) -> None:
    with pytest.raises(StorageError):
        CropFolder(tmp_path).get(key)


def test_many_threads_put_the_same_crop(tmp_path: Path) -> None:
    crops = CropFolder(tmp_path / "crops")
    keys: list[str] = []
    threads = [threading.Thread(target=lambda: keys.append(crops.put(b"same" * 1000))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 16
    assert len(set(keys)) == 1
    assert [path.name for path in (tmp_path / "crops").rglob("*") if path.is_file()] == [f"{keys[0]}.jpg"]


def test_a_refusing_disk_is_a_sentence(tmp_path: Path) -> None:
    blocked = tmp_path / "crops"
    blocked.write_bytes(b"a file where the folder should be")
    with pytest.raises(StorageError) as caught:
        CropFolder(blocked).put(b"face")
    assert caught.value.remedy
