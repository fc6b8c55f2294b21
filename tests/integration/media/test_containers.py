"""The same clip in many containers and states: the same frames at the same times, whichever way they are reached."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest
from tests.integration.media import clips

from stashai.media.asked import Answers
from stashai.media.frames import Frame
from stashai.media.sampling import Mode, read, stages
from stashai.media.video import VideoReader

WRITERS = {
    "mp4": lambda path: clips.write(path),
    "mkv": lambda path: clips.write(path),
    "ts": lambda path: clips.write(path),
    "flv": lambda path: clips.write(path),
    "avi": lambda path: clips.write(path, codec="mpeg4"),
    "webm": lambda path: clips.write(path, codec="libvpx"),
    "wmv": lambda path: clips.write(path, codec="wmv2"),
    "mpg": lambda path: clips.write(path, codec="mpeg2video", container="mpeg"),
    "h264": lambda path: clips.write(path, container="h264", options={"g": "25", "bf": "0"}),
    "m2v": lambda path: clips.write(path, codec="mpeg2video", container="mpeg2video"),
    "hevc.mp4": lambda path: clips.write(path, codec="libx265", options={"x265-params": "log-level=none:keyint=25:min-keyint=25"}),
    "av1.mkv": lambda path: clips.write(path, codec="libsvtav1", options={"g": "25", "preset": "12", "svtav1-params": "keyint=25"}),
    "mjpeg.avi": lambda path: clips.write(path, codec="mjpeg", pixels="yuvj420p", options={}),
    "b.avi": lambda path: clips.write(path, codec="mpeg4", options={"g": "25", "bf": "2"}),
    "vp9.webm": lambda path: clips.write(path, codec="libvpx-vp9", options={"g": "25", "deadline": "realtime", "cpu-used": "8"}),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


def clip(folder: Path, kind: str) -> Path:
    path = folder / f"clip.{kind}"
    if not path.exists():
        try:
            WRITERS[kind](path)
        except (av.error.FFmpegError, ValueError) as error:
            pytest.skip(f"this PyAV cannot write it: {error}")
    return path


LOOSE = {"b.avi": 1}
"""Frames by which the clock may be off: AVI does not say when a picture is shown, only in which order they are stored."""


def checked(frames: Iterator[Frame], loose: int = 0) -> list[float]:
    """The frames' times; each shows the picture that belongs there."""
    times = []
    for frame in frames:
        assert frame.time is not None
        assert abs(clips.number_of(frame.image) - round(frame.time * clips.RATE)) <= loose, frame.time
        times.append(frame.time)
    return times


@pytest.mark.parametrize("kind", WRITERS)
def test_keyframes(folder: Path, kind: str) -> None:
    loose = LOOSE.get(kind, 0)
    with VideoReader(clip(folder, kind)) as reader:
        assert reader.info.keyframes is not None
        assert (reader.info.width, reader.info.height) == (320, 180)
        assert reader.info.duration == pytest.approx(4.0, abs=0.1)
        times = checked(reader.keyframes([0.0, 1.0, 2.0, 3.0]), loose)
        assert times == pytest.approx([0.0, 1.0, 2.0, 3.0], abs=0.15 if loose else 0.001)
        assert checked(reader.keyframes([2.0]), loose) == times[2:3]
        assert reader.notices == ()


@pytest.mark.parametrize("kind", WRITERS)
def test_exact_frames_and_keyframes_have_one_clock(folder: Path, kind: str) -> None:
    loose = LOOSE.get(kind, 0)
    with VideoReader(clip(folder, kind)) as reader:
        exact = checked(reader.at([0.0, 0.5, 1.0, 1.9, 3.0, 3.5]), loose)
        assert len(exact) == 6
        for asked, found in zip([0.0, 0.5, 1.0, 1.9, 3.0, 3.5], exact, strict=True):
            assert asked - 0.001 <= found <= asked + 0.2
        assert checked(reader.keyframes([0.0, 3.0]), loose) == [exact[0], exact[4]]
        # The same question again, alone and out of order.
        for time in reversed(exact):
            assert checked(reader.at([time]), loose) == [time]


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("modes", [("auto", "dense"), ("dense", "auto"), ("keyframes", "auto")])
def test_a_mode_after_another_sees_what_it_sees_alone_and_decodes_what_is_new(folder: Path, kind: str, modes: tuple[Mode, Mode]) -> None:
    with VideoReader(clip(folder, kind)) as reader:
        before = [frame for stage in stages(reader.info, modes[0]) for frame in read(reader, stage, Answers())]
        for stage in stages(reader.info, modes[1]):
            alone = [frame.time for frame in read(reader, stage, Answers())]
            have = answers(before)
            new = list(read(reader, stage, have))
            assert {*stage.reused(reader.info, have), *(frame.time for frame in new)} == set(alone)
            assert not {frame.asked for frame in new} & {frame.asked for frame in before}
            assert list(read(reader, stage, answers([*before, *new]))) == []


def answers(frames: list[Frame]) -> Answers:
    return Answers((frame.asked, frame.time) for frame in frames if frame.time is not None)


@pytest.mark.parametrize("kind", ["mkv", "ts", "avi", "webm", "mpg", "flv"])
def test_a_file_that_was_cut_off_gives_what_is_left(folder: Path, kind: str) -> None:
    path = clips.cut(clip(folder, kind), folder / f"cut.{kind}")
    with VideoReader(path) as reader:
        times = checked(read(reader, stages(reader.info, "dense")[0], Answers()))
        assert len(times) >= 2
        assert max(times) < 2.5
        if kind in ("mkv", "webm", "flv"):
            assert "cut-off" in {notice.code for notice in reader.notices}


STREAMS: dict[str, dict[str, Any]] = {
    "mkv": {},
    "front.mp4": {"container": "mp4", "container_options": {"movflags": "faststart"}},
    "fragments.mp4": {"container": "mp4", "container_options": {"movflags": "frag_keyframe+empty_moov"}},
    "ogv": {"codec": "libvpx", "container": "ogg"},
    "wmv": {"codec": "wmv2"},
    "ts": {},
    "m2ts": {"container": "mpegts", "container_options": {"mpegts_m2ts_mode": "1"}},
    "mpg": {"codec": "mpeg2video"},
    "live.mkv": {"container": "matroska", "container_options": {"live": "1"}},
    "live.webm": {"container": "webm", "codec": "libvpx", "container_options": {"live": "1"}},
}


@pytest.mark.parametrize("kind", STREAMS)
def test_what_was_cut_off_is_told_by_what_it_ends_with_wherever_that_was(tmp_path: Path, kind: str) -> None:
    whole = clips.write(tmp_path / f"whole.{kind}", **STREAMS[kind])
    with VideoReader(whole) as reader:
        assert reader.notices == ()
        assert reader.info.duration == pytest.approx(4.0, abs=0.2)
        assert len(checked(read(reader, stages(reader.info, "dense")[0], Answers()))) == 8
    for share in (0.6, 0.713, 0.96):
        with VideoReader(clips.cut(whole, tmp_path / f"cut.{kind}", share)) as reader:
            assert {notice.code for notice in reader.notices} == {"cut-off"}, share


def test_a_cut_mp4_with_its_index_in_front_says_how_much_is_left(folder: Path) -> None:
    whole = clips.remux(clip(folder, "mp4"), folder / "front.mp4", movflags="faststart")
    with VideoReader(clips.cut(whole, folder / "cut-front.mp4")) as reader:
        assert {notice.code for notice in reader.notices} == {"cut-off"}
        keyframes = reader.info.keyframes or ()
        assert 0 < len(keyframes) < 4
        assert checked(reader.keyframes(keyframes)) == list(keyframes)


def test_a_fragmented_mp4_has_its_keyframes(folder: Path) -> None:
    path = clips.remux(clip(folder, "mp4"), folder / "fragments.mp4", movflags="frag_keyframe+empty_moov")
    with VideoReader(path) as reader:
        assert reader.info.keyframes == (0.0, 1.0, 2.0, 3.0)
        assert checked(reader.keyframes([1.0, 3.0])) == [1.0, 3.0]


def test_one_keyframe_only_is_sampled_by_decoding(folder: Path) -> None:
    path = clips.write(folder / "one.mp4", options={"g": "1000", "sc_threshold": "0"})
    with VideoReader(path) as reader:
        assert reader.info.keyframes == (0.0,)
        looks = stages(reader.info, "auto")
        assert [stage.keyframes for stage in looks] == [True, False, False]
        times = [time for stage in looks for time in checked(read(reader, stage, Answers()))]
        assert len(times) == 8
        assert max(times) > 3.4


def test_pictures_without_keyframes_of_their_own_are_gathered(folder: Path) -> None:
    path = clips.write(folder / "refresh.mp4", options={"g": "25", "intra-refresh": "1"})
    with VideoReader(path) as reader:
        times = checked(reader.keyframes(reader.info.keyframes or ()))
        assert len(times) >= 3
        assert reader.notices == ()


def test_a_variable_frame_rate_keeps_its_times(folder: Path) -> None:
    path = clips.write(folder / "vfr.mp4", milliseconds=lambda i: i * 40 + (3000 if i > 50 else 0))
    with VideoReader(path) as reader:
        for frame in reader.at([0.0, 1.0, 2.0, 4.0, 6.0]):
            assert frame.time is not None
            number = clips.number_of(frame.image)
            assert frame.time == pytest.approx((number * 40 + (3000 if number > 50 else 0)) / 1000, abs=0.002)


def test_an_flv_whose_first_picture_comes_late_is_read_from_its_start(tmp_path: Path) -> None:
    path = clips.write(tmp_path / "late.flv", milliseconds=lambda number: 23 + 40 * number, codec="flv1")
    with VideoReader(path) as reader:
        assert [clips.number_of(frame.image) for frame in reader.keyframes([0.0, 2.0])] == [0, 50]


def test_damage_inside_is_passed_over_and_told(folder: Path) -> None:
    content = bytearray(clip(folder, "mkv").read_bytes())
    middle = len(content) // 2
    content[middle : middle + 600] = bytes(600)
    path = folder / "damaged.mkv"
    path.write_bytes(content)
    with VideoReader(path) as reader:
        frames = list(read(reader, stages(reader.info, "dense")[0], Answers()))
        assert len(frames) >= 4


def test_a_file_like_source_reads_the_same(folder: Path) -> None:
    with clip(folder, "mp4").open("rb") as file, VideoReader(file, name="clip.mp4") as reader:
        assert checked(reader.keyframes([0.0, 2.0])) == [0.0, 2.0]


def test_a_watch_ends_the_reading(folder: Path) -> None:
    class StopError(Exception):
        pass

    def stop() -> None:
        raise StopError

    with VideoReader(clip(folder, "mp4")) as reader:
        reader.watch(stop)
        with pytest.raises(StopError):
            list(reader.at([0.0, 3.9]))
