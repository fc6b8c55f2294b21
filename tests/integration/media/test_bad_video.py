"""What cannot be read is one error with a code and a remedy, and never a hang or another exception."""

from __future__ import annotations

import os
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from tests.integration.media import clips

from stashai.errors import MediaError
from stashai.media.video import VideoReader


def refused(source: Path | str) -> str:
    with pytest.raises(MediaError) as caught, VideoReader(source):
        pass
    assert caught.value.message.endswith((".", "…"))
    return caught.value.code


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clips.write(tmp_path_factory.mktemp("plain") / "plain.mp4", frames=30)


def test_missing_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").write_bytes(b"")
    assert refused(tmp_path / "missing.mp4") == "missing-file"
    assert refused(tmp_path / "empty.mp4") == "empty-file"
    assert refused(tmp_path) == "unreadable-folder"


def test_sound_alone(tmp_path: Path) -> None:
    assert refused(clips.sound(tmp_path / "sound.mp4")) == "no-video"


@pytest.mark.parametrize("content", [b"just a text\n" * 400, bytes(5000), os.urandom(50_000)], ids=["text", "zeros", "noise"])
def test_something_else(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.mp4"
    path.write_bytes(content)
    assert refused(path) in ("not-a-video", "undecodable", "no-video")


def test_a_zip_and_a_picture_under_a_wrong_name(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "zip.mp4", "w") as archive:
        archive.writestr("a.txt", "a" * 5000)
    assert refused(tmp_path / "zip.mp4") == "not-a-video"


def test_a_playlist_does_not_lead_to_other_files(tmp_path: Path, plain: Path) -> None:
    path = tmp_path / "list.mp4"
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{plain}\n#EXT-X-ENDLIST\n")
    assert refused(path) == "not-a-video"
    path.write_text(f"ffconcat version 1.0\nfile {plain}\n")
    assert refused(path) == "not-a-video"


def test_only_web_addresses_are_addresses(plain: Path) -> None:
    assert refused(f"file:{plain}") == "bad-address"
    assert refused(f"concat:{plain}") == "bad-address"


def test_a_name_like_a_protocol_is_a_file(tmp_path: Path, plain: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("no colons in names")
    path = tmp_path / "concat:a b%20\n#?.mp4"
    path.write_bytes(plain.read_bytes())
    with VideoReader(path) as reader:
        assert reader.info.codec == "h264"


def test_undecodable_names(tmp_path: Path, plain: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux keeps any bytes in names")
    path = tmp_path / os.fsdecode(b"\xff\xfe.mp4")
    path.write_bytes(plain.read_bytes())
    with VideoReader(path) as reader:
        assert next(reader.keyframes([0.0])).time == 0.0


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("no named pipes in folders here")
    os.mkfifo(tmp_path / "pipe.mp4")
    assert refused(tmp_path / "pipe.mp4") == "not-a-file"


def test_an_mp4_that_lost_its_end_with_the_index(tmp_path: Path, plain: Path) -> None:
    assert refused(clips.cut(plain, tmp_path / "cut.mp4")) == "not-a-video"


@pytest.mark.parametrize("seed", range(25))
def test_noise_in_a_file_is_read_or_refused(tmp_path: Path, plain: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    content = bytearray(plain.read_bytes())
    for _ in range(30):
        content[random.integers(0, len(content))] = random.integers(0, 256)
    path = tmp_path / "noise.mp4"
    path.write_bytes(content)
    try:
        with VideoReader(path) as reader:
            frames = list(reader.at([0.0, 0.5, 1.0]))
    except MediaError as error:
        frames = []
        assert error.code  # noqa: PT017 - either outcome is right, another exception is not
    assert all(frame.image.shape[2] == 3 for frame in frames)


def test_an_avi_that_was_cut_off_is_told_by_the_frames_that_it_names(tmp_path: Path) -> None:
    whole = clips.write(tmp_path / "whole.avi", frames=200).read_bytes()
    half = tmp_path / "half.avi"
    half.write_bytes(whole[: len(whole) // 2])
    with VideoReader(half) as video:
        assert [notice.code for notice in video.notices] == ["cut-off"]
    with VideoReader(tmp_path / "whole.avi") as video:
        assert video.notices == ()
