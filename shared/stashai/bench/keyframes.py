"""Keyframe reading beside PyAV's bare loop on the same file."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import av

from ..media.video import VideoReader
from .outcome import Line, Outcome, at_least

BAR = 0.90
Clock = Callable[[], float]


def bare_loop(path: Path, most: int) -> int:
    """What a programmer would write at best: decode keyframes only, one thread (the fastest), RGB of each. Returns how many."""
    count = 0
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        stream.codec_context.skip_frame = "NONKEY"
        for frame in container.decode(stream):
            frame.to_ndarray(format="rgb24", threads=1)
            count += 1
            if count == most:
                break
    return count


def our_loop(path: Path, most: int) -> int:
    """The same keyframes through the reader, opening and looking for rotation, stereo and damage included."""
    with VideoReader(path) as reader:
        # Where the container does not name its keyframes, they are looked for every ten seconds.
        times = (reader.info.keyframes or range(0, int(reader.info.duration) + 1, 10))[:most]
        return sum(1 for _ in reader.keyframes(times))


def measure(film: Path, most: int = 120, rounds: int = 5) -> Outcome:
    """Keyframes a second, both ways in turn, the best of `rounds` of each. The bar is on CPU time: one thread does all the work,
    and the clock of a machine that does other things as well says more about those."""
    results: dict[str, list[tuple[float, float, int]]] = {"bare": [], "ours": []}
    for _ in range(rounds):
        results["bare"].append(_timed(bare_loop, film, most))
        results["ours"].append(_timed(our_loop, film, most))
    rates = {name: max(count / wall for wall, _, count in runs) for name, runs in results.items()}
    costs = {name: min(1000 * cpu / count for _, cpu, count in runs) for name, runs in results.items()}
    share, by_clock = costs["bare"] / costs["ours"], rates["ours"] / rates["bare"]
    data = {
        "keyframes_per_second": rates, "cpu_ms": costs, "share": share, "share_by_clock": by_clock, "film": str(film), "keyframes": most,
    }
    lines = [
        at_least("keyframe reading of PyAV's bare loop, by CPU time", share, BAR),
        Line("  the same by the clock", f"{by_clock:.1%}"),
        Line("  our reader", f"{rates['ours']:.1f} keyframes/s, {costs['ours']:.2f} ms CPU each"),
        Line("  bare loop", f"{rates['bare']:.1f} keyframes/s, {costs['bare']:.2f} ms CPU each"),
    ]
    return Outcome("keyframes", f"./stashai bench keyframes --film {film}", lines, data, f"best of {rounds} runs, one thread")


def _timed(loop: Callable[[Path, int], int], film: Path, most: int) -> tuple[float, float, int]:
    cpu, wall = time.process_time(), time.perf_counter()
    count = loop(film, most)
    return time.perf_counter() - wall, time.process_time() - cpu, count
