"""Which moments are looked at: cheap first, spread, nested, the same for the same file."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stashai.media.asked import Answers, exact, keyframe, near
from stashai.media.sampling import BUDGET, DENSE_MOST, MOST, Stage, spread, stages
from stashai.media.video import VideoInfo


def info(duration: float, keyframes: tuple[float, ...] | None, rate: float = 25.0) -> VideoInfo:
    return VideoInfo(1920, 1080, duration, rate, "h264", "mov", keyframes)


def every(seconds: float, duration: float) -> tuple[float, ...]:
    return tuple(round(i * seconds, 3) for i in range(max(1, int(duration / seconds))))


VIDEOS = st.one_of(
    st.builds(lambda d, g: info(d, every(g, d)), st.floats(min_value=0.2, max_value=9_000), st.floats(min_value=0.5, max_value=60)),
    st.builds(lambda d: info(d, None), st.floats(min_value=0.0, max_value=9_000)),
    st.builds(lambda d: info(d, (0.0,)), st.floats(min_value=0.2, max_value=9_000)),
    st.lists(st.integers(min_value=0, max_value=600_000), min_size=1, max_size=300, unique=True).map(
        lambda stamps: info(max(stamps) / 1000 + 1, tuple(sorted(stamp / 1000 for stamp in stamps)))
    ),
)


@given(VIDEOS)
@settings(deadline=None, max_examples=50)
def test_looks_never_ask_twice_and_stay_in_their_budget(video: VideoInfo) -> None:
    looks = stages(video, "auto")
    times = [time for look in looks for part in (look, look.gaps) if part for time in part.times]
    assert looks
    assert all(look.times for look in looks)
    assert len(times) == len(set(times))
    assert len(times) <= MOST
    for look in looks:
        assert list(look.times) == sorted(look.times)


@given(VIDEOS)
@settings(deadline=None, max_examples=50)
def test_the_first_look_is_small(video: VideoInfo) -> None:
    first = stages(video, "auto")[0]
    assert len(first.times) <= (32 if video.duration > 0 else BUDGET)
    assert first.gaps is None or (len(first.gaps.times) <= 32 and not first.gaps.keyframes)


@given(st.lists(st.integers(0, 40_000), min_size=1, max_size=40, unique=True), st.floats(0.1, 3.0))
@settings(deadline=None, max_examples=50)
def test_who_is_on_screen_of_a_short_clip_for_two_seconds_is_seen_at_first(stamps: list[int], rest: float) -> None:
    keyframes = tuple(stamp / 1000 for stamp in sorted({0, *stamps}))
    first = stages(info(keyframes[-1] + rest, keyframes), "auto")[0]
    seen = sorted([*first.times, *(first.gaps.times if first.gaps else ())])
    assert max(after - before for before, after in pairwise([0.0, *seen, keyframes[-1] + rest])) <= 2.1


def answers(video: VideoInfo, looks: list[Stage]) -> Answers:
    """Frames of all of `looks`, shown at the very times that were asked for."""
    keys = frozenset(video.keyframes or ())
    found = []
    for part in [part for look in looks for part in (look, look.gaps) if part]:
        ask = near if part.keyframes and video.keyframes is None else exact
        found += [(keyframe(time) if time in keys else ask(time), time) for time in part.times]
    return Answers(found)


@given(VIDEOS)
@settings(deadline=None, max_examples=50)
def test_dense_after_auto_asks_for_nothing_that_was_seen(video: VideoInfo) -> None:
    seen = [time for look in stages(video, "auto") for part in (look, look.gaps) if part for time in part.times]
    (dense,) = stages(video, "dense")
    have = answers(video, stages(video, "auto"))
    assert not set(dense.missing(video, have)) & (set(seen) if video.keyframes is not None else set())
    assert dense.missing(video, answers(video, [dense])) == []


@given(VIDEOS)
@settings(deadline=None, max_examples=50)
def test_each_look_is_complete_once_its_own_times_are_there(video: VideoInfo) -> None:
    for look in stages(video, "auto"):
        assert look.missing(video, answers(video, [look])) == []
        assert replace(look, gaps=None).reused(video, answers(video, [look])) == list(look.times)


def test_keyframes_of_a_long_film_are_spread_over_all_of_it() -> None:
    looks = stages(info(7200.0, every(10.0, 7200.0)), "auto")
    first = looks[0].times
    assert len(first) == 32
    gaps = [after - before for before, after in pairwise(first)]
    assert max(gaps) < 2.2 * 7200 / 32
    assert [look.keyframes for look in looks] == [True] * len(looks)
    assert sum(len(look.times) for look in looks) == 240


def test_a_clip_with_a_keyframe_every_two_seconds_needs_fewer_frames_than_one_a_second() -> None:
    looks = stages(info(14.0, every(2.0, 14.0)), "auto")
    assert looks[0].keyframes
    assert sum(len(look.times) for look in looks if look.keyframes) == 7


@pytest.mark.parametrize(("seconds", "looks"), [(150.0, 4), (170.0, 3)])
def test_a_clip_is_decoded_as_a_whole_within_the_budget_only(seconds: float, looks: int) -> None:
    planned = stages(info(seconds, every(2.0, seconds)), "auto")
    assert sum(len(look.times) for look in planned) <= BUDGET
    assert len(planned) == looks


def test_a_frame_every_half_second_of_a_very_long_film_is_too_many() -> None:
    (look,) = stages(info(30_000.0, (0.0,)), "dense")
    assert len(look.times) == DENSE_MOST


def test_a_short_clip_with_one_keyframe_is_sampled_in_order() -> None:
    looks = stages(info(8.0, (0.0,)), "auto")
    gaps = looks[0].gaps
    assert looks[0] == Stage((0.0,), True, gaps)
    assert gaps is not None
    assert gaps.times == (2.0, 4.0, 6.0)
    assert [look.keyframes for look in looks[1:]] == [False, False]
    assert looks[1].times == (1.0, 3.0, 5.0, 7.0)


def test_a_long_film_with_rare_keyframes_is_not_decoded_as_a_whole_unless_asked() -> None:
    rare = info(7200.0, (0.0, 3600.0))
    assert all(look.keyframes for look in stages(rare, "auto"))
    assert len(stages(rare, "dense")[0].times) == 14_400


def test_without_known_keyframes_moments_are_spread() -> None:
    looks = stages(info(7200.0, None), "auto")
    assert all(look.keyframes for look in looks)
    assert looks[0].times[0] == pytest.approx(112.5)
    assert len(looks[0].times) == 32


def test_keyframes_only() -> None:
    (only,) = stages(info(14.0, every(2.0, 14.0)), "keyframes")
    assert only.times == every(2.0, 14.0)
    assert only.keyframes


def test_a_frame_serves_for_the_question_that_it_answers_and_no_other() -> None:
    have = Answers([(keyframe(2.0), 2.04), (exact(3.0), 3.2), (near(5.0), 6.0), (exact(9.0), 8.9), (None, 4.0)])
    assert have.to(keyframe(2.0)) == 2.04
    assert have.to(exact(2.0)) is have.to(exact(2.04)) is None
    assert have.to(exact(3.0)) == have.to(exact(3.1)) == have.to(exact(3.2)) == 3.2
    assert have.to(exact(2.9)) is have.to(exact(3.21)) is have.to(exact(4.0)) is None
    assert have.to(near(5.0)) == 6.0
    assert have.to(exact(5.0)) is have.to(near(6.0)) is None
    assert have.to(exact(9.0)) == 8.9  # the last one of the file
    assert have.to(exact(8.9)) is None


@given(st.integers(0, 300))
def test_whatever_part_of_the_spread_comes_first_is_spread(count: int) -> None:
    order = spread(count)
    assert sorted(order) == list(range(count))
    for taken in range(1, count + 1):
        edges = [-1, *sorted(order[:taken]), count]
        # The widest stretch without one is at most that between neighbours of the coarsest even grid, twice.
        assert max(b - a for a, b in pairwise(edges)) <= 4 * count / taken + 1
