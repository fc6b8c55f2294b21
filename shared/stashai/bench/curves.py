"""Figures of merit of names with probabilities, and their curve as a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]

BINS = 10


@dataclass(frozen=True, slots=True)
class Rates:
    """At one threshold: the share of `strangers` who are named, of enrolled people's faces that are `found` (named rightly),
    and of the names shown that are `right`."""

    threshold: float
    strangers: float
    found: float
    right: float


def named_rates(probability: Numbers, right: Flags, known: Flags, threshold: float) -> Rates:
    """Of probes with the `probability` of their best candidate, whether that one is `right`, whether anybody is (`known`)."""
    shown = probability >= threshold
    return Rates(
        threshold=float(threshold),
        strangers=float(shown[~known].mean()) if (~known).any() else 0.0,
        found=float((shown & right)[known].mean()) if known.any() else 0.0,
        right=float(right[shown].mean()) if shown.any() else 1.0,
    )


def operating_point(score: Numbers, known: Flags, strangers: float) -> float:
    """The lowest threshold at which no more than the share `strangers` of the unknown probes are named."""
    unknown = np.sort(score[~known])[::-1]
    allowed = int(strangers * len(unknown))
    return float(np.nextafter(unknown[allowed], np.inf)) if allowed < len(unknown) else 0.0


def curve(probability: Numbers, right: Flags, known: Flags) -> list[Rates]:
    """The rates at every threshold that names one stranger more, from the strictest on."""
    thresholds = np.unique(np.concatenate([probability[~known], [1.0]]))[::-1]
    return [named_rates(probability, right, known, float(np.nextafter(threshold, 2.0))) for threshold in thresholds]


def calibration_error(probability: Numbers, right: Flags) -> float:
    """The expected calibration error over bins of equal width: the mean distance between what was said and what was so,
    each bin weighing as many as are in it (Naeini et al. 2015)."""
    if not len(probability):
        return 0.0
    bins = np.minimum((probability * BINS).astype(int), BINS - 1)
    said = np.bincount(bins, probability, BINS)
    so = np.bincount(bins, right.astype(np.float64), BINS)
    return float(np.abs(said - so).sum() / len(probability))


def log_loss(probability: Numbers, right: Flags) -> float:
    """The mean negative logarithm of the probability of what was so."""
    p = np.clip(probability, 1e-12, 1 - 1e-12)
    told = np.where(right, np.log(p), np.log1p(-p))
    return float(-told.mean()) if len(p) else 0.0


def reliability(probability: Numbers, right: Flags) -> list[dict[str, float]]:
    """Per bin: how many, the mean probability said, the share that was so."""
    bins = np.minimum((probability * BINS).astype(int), BINS - 1)
    rows = []
    for number in np.unique(bins):
        inside = bins == number
        rows.append({"count": int(inside.sum()), "said": float(probability[inside].mean()), "so": float(right[inside].mean())})
    return rows


def svg(curves: Sequence[tuple[str, Sequence[Rates]]], marked: Rates | None = None) -> str:
    """Found against strangers named (logarithmic, 0.01 % to 100 %), one line a curve, as an SVG picture."""
    width, height, left, top = 640, 420, 60, 20
    colours = ("#0b7285", "#e8590c", "#5f3dc4", "#2b8a3e")

    def x(share: float) -> float:
        return left + (width - left - 20) * (math.log10(max(share, 1e-4)) + 4) / 4

    def y(share: float) -> float:
        return top + (height - top - 50) * (1 - (max(share, 0.5) - 0.5) / 0.5)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">']
    parts.append(f'<rect width="{width}" height="{height}" fill="#fff"/>')
    for share in (1e-4, 1e-3, 1e-2, 1e-1, 1.0):
        parts.append(f'<path d="M{x(share):.1f} {top}V{height - 50}" stroke="#ddd"/>')
        parts.append(f'<text x="{x(share):.1f}" y="{height - 34}" text-anchor="middle">{share:.4g}</text>')
    for share in (0.5, 0.6, 0.7, 0.8, 0.9, 1.0):
        parts.append(f'<path d="M{left} {y(share):.1f}H{width - 20}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 8}" y="{y(share) + 4:.1f}" text-anchor="end">{share:.1f}</text>')
    for number, (name, rates) in enumerate(curves):
        points = " ".join(f"{x(rate.strangers):.1f},{y(rate.found):.1f}" for rate in rates)
        colour = colours[number % len(colours)]
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<text x="{width - 200}" y="{height - 70 - 18 * number}" fill="{colour}">{name}</text>')
    if marked is not None:
        centre = f'cx="{x(marked.strangers):.1f}" cy="{y(marked.found):.1f}"'
        parts.append(f'<circle {centre} r="5" fill="none" stroke="#c92a2a" stroke-width="2"/>')
    parts.append(f'<text x="{(width + left) / 2:.0f}" y="{height - 12}" text-anchor="middle">share of strangers who are named</text>')
    parts.append(f'<text transform="translate(16 {height / 2:.0f}) rotate(-90)" text-anchor="middle">share of enrolled faces found</text>')
    return "\n".join([*parts, "</svg>", ""])
