"""The report in a real browser: light and dark, wide and narrow, on paper."""

from __future__ import annotations

import io
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stashai.contracts.findings import Findings, NameCandidate, SeenFace, SeenPerson
from stashai.report.render import render
from stashai.report.view import ReportItem

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--hide-scrollbars")

pytestmark = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium here")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = io.BytesIO()
    Image.new("RGB", (192, 192), (200, 60, 60)).save(target, "JPEG")
    faces = [SeenFace(time=float(second), bbox=(1, 2, 30, 40), quality=0.7, crop="c") for second in range(3)]
    name = "Somebody-with-a-very-long-name-" * 4
    person = SeenPerson(
        person_id=1, name=name, probability=0.98, best_time=1.0, best_crop="c", reference_crop="c", faces=faces,
        candidates=[NameCandidate(name=name, probability=0.98, person_id=1)],
    )
    items = [ReportItem("/a/" + "long" * 40 + ".mp4", Findings(people=[person], duration=10.0, width=1920, height=1080))]
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render(items, {"c": target.getvalue()}.get, datetime(2026, 1, 2, tzinfo=UTC)), encoding="utf-8")
    return path


def shot(page: Path, width: int, *options: str) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    picture = page.with_name(f"shot-{width}{len(options)}.png")
    command = [str(BROWSER), *QUIET, f"--user-data-dir={page.parent / 'profile'}", f"--window-size={width},900", *options]
    subprocess.run([*command, f"--screenshot={picture}", page.as_uri()], check=True, capture_output=True, timeout=120)
    return np.asarray(Image.open(picture).convert("RGB"))


def test_follows_the_readers_light_or_dark(page: Path) -> None:
    light, dark = shot(page, 1000), shot(page, 1000, "--blink-settings=preferredColorScheme=0")
    assert light[2, 2].mean() > 200
    assert dark[2, 2].mean() < 60


def test_crops_are_shown_and_nothing_sticks_out_of_a_narrow_page(page: Path) -> None:
    narrow = shot(page, 500)
    red = (narrow[..., 0] > 150) & (narrow[..., 1] < 110) & (narrow[..., 2] < 110)
    assert red.sum() > 3000
    paper = narrow[2, 2]
    assert (narrow[:, -6:] == paper).all()


def test_can_be_printed(page: Path) -> None:
    target = page.with_name("report.pdf")
    command = [str(BROWSER), *QUIET, f"--user-data-dir={page.parent / 'profile'}", f"--print-to-pdf={target}", page.as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    assert target.read_bytes().startswith(b"%PDF")
