"""Arguments to items: order, links, what is ignored, what cannot be read."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from stashai.errors import UsageError
from stashai.media.walk import Walk

POSIX = sys.platform != "win32"


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return path


def walked(*arguments: Path | str) -> tuple[list[str], int]:
    walk = Walk([str(argument) for argument in arguments])
    return [str(item.path) for item in walk], walk.ignored


def test_arguments_keep_their_order_and_folders_are_sorted(tmp_path: Path) -> None:
    z, a = touch(tmp_path / "z.jpg"), touch(tmp_path / "a.mp4")
    touch(tmp_path / "folder" / "2.PNG")
    touch(tmp_path / "folder" / "10.webm")
    touch(tmp_path / "folder" / "1" / "x.gif")
    items, ignored = walked(z, tmp_path / "folder", a, z)
    folder = tmp_path / "folder"
    assert items == [str(z), str(folder / "1" / "x.gif"), str(folder / "10.webm"), str(folder / "2.PNG"), str(a), str(z)]
    assert ignored == 0


def test_in_a_folder_what_is_no_medium_is_counted(tmp_path: Path) -> None:
    touch(tmp_path / "a.jpg")
    for name in ("notes.txt", "noextension", ".hidden.jpg", "._a.jpg", "Thumbs.db", "b.nfo"):
        touch(tmp_path / name)
    touch(tmp_path / "@eaDir" / "a.jpg")
    touch(tmp_path / ".git" / "a.jpg")
    items, ignored = walked(tmp_path)
    assert items == [str(tmp_path / "a.jpg")]
    assert ignored == 8


def test_a_named_path_is_always_an_item(tmp_path: Path) -> None:
    text, hidden = touch(tmp_path / "notes.txt"), touch(tmp_path / ".hidden.jpg")
    items, ignored = walked(text, tmp_path / "missing.jpg", hidden)
    assert items == [str(text), str(tmp_path / "missing.jpg"), str(hidden)]
    assert ignored == 0


def test_paths_are_absolute_and_links_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not POSIX:
        pytest.skip("links need rights on Windows")
    real = touch(tmp_path / "real" / "a.jpg")
    (tmp_path / "link").symlink_to(real.parent)
    (tmp_path / "b.jpg").symlink_to(real)
    (tmp_path / "broken.jpg").symlink_to(tmp_path / "nowhere.jpg")
    monkeypatch.chdir(tmp_path)
    items, _ = walked("./link", "b.jpg", "real/../real")
    assert items == [str(tmp_path / "link" / "a.jpg"), str(tmp_path / "b.jpg"), str(real)]
    assert str(tmp_path / "broken.jpg") in walked(tmp_path)[0]


def test_a_link_back_into_the_folder_ends(tmp_path: Path) -> None:
    if not POSIX:
        pytest.skip("links need rights on Windows")
    touch(tmp_path / "one" / "a.jpg")
    (tmp_path / "one" / "up").symlink_to(tmp_path)
    (tmp_path / "two").symlink_to(tmp_path / "one")
    items, _ = walked(tmp_path)
    assert items == [str(tmp_path / "one" / "a.jpg"), str(tmp_path / "two" / "a.jpg")]


def test_what_the_system_does_not_tell_of_is_an_item(tmp_path: Path) -> None:
    if not POSIX:
        pytest.skip("links need rights on Windows")
    (tmp_path / "circle.jpg").symlink_to("circle.jpg")
    touch(tmp_path / "a.jpg")
    too_long = tmp_path / ("l" * 5000)
    assert walked(tmp_path, too_long)[0] == [str(tmp_path / "a.jpg"), str(tmp_path / "circle.jpg"), str(too_long)]


def test_odd_names(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux keeps any bytes in names")
    names = [b"new\nline.jpg", b"undecodable-\xff\xfe.jpg", "höher ☃.jpg".encode(), b" lead.jpg", b"quote'\".jpg"]
    for name in names:
        with open(os.path.join(os.fsencode(tmp_path), name), "wb"):
            pass
    items, _ = walked(tmp_path)
    assert {os.fsencode(Path(item).name) for item in items} == set(names)
    assert any("\udcff" in item for item in items)


def test_an_unreadable_folder_is_an_item_with_its_reason_and_the_rest_goes_on(tmp_path: Path) -> None:
    if not POSIX or getattr(os, "geteuid", int)() == 0:
        pytest.skip("nothing is unreadable to this user")
    touch(tmp_path / "a" / "x.jpg").parent.chmod(0)
    touch(tmp_path / "b.jpg")
    try:
        walk = Walk([str(tmp_path)])
        items = list(walk)
    finally:
        (tmp_path / "a").chmod(0o700)
    assert [item.path.name for item in items] == ["a", "b.jpg"]
    assert items[0].problem is not None
    assert items[1].problem is None


def test_a_folder_that_the_system_refuses_is_an_item(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = tmp_path / "refused"
    touch(refused / "x.jpg")
    touch(tmp_path / "b.jpg")
    real = os.scandir

    def scandir(folder: Path) -> object:
        if Path(folder) == refused:
            raise PermissionError(13, "Permission denied")
        return real(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    items = list(Walk([str(tmp_path)]))
    assert [(item.path.name, item.problem is None) for item in items] == [("b.jpg", True), ("refused", False)]


def test_an_empty_path_is_not_the_current_folder() -> None:
    with pytest.raises(UsageError):
        walked("")
