"""The report: complete, self-contained, safe whatever a name holds."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from stashai.contracts.findings import Findings, NameCandidate, Problem, SeenFace, SeenPerson, UnknownPerson
from stashai.report.render import render
from stashai.report.view import ReportItem, clock, marks, percent, spans

WHEN = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


def jpeg() -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (200, 200), (200, 150, 120)).save(target, "JPEG")
    return target.getvalue()


def face(time: float | None = None) -> SeenFace:
    return SeenFace(time=time, bbox=(1, 2, 30, 40), quality=0.7, crop="c")


def jane(name: str = "Jane", times: tuple[float | None, ...] = (None,)) -> SeenPerson:
    candidates = [NameCandidate(name=name, probability=0.98, person_id=1), NameCandidate(name="Ann", probability=0.02, person_id=2)]
    return SeenPerson(
        person_id=1, name=name, probability=0.98, best_time=times[0], best_crop="c", reference_crop="r", faces=[face(t) for t in times],
        candidates=candidates,
    )


def shown(*items: ReportItem) -> str:
    crops = {"c": jpeg(), "r": jpeg()}
    return render(items, crops.get, WHEN)


class Links(HTMLParser):
    """Every attribute through which a page could fetch something."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script" or any(name.startswith("on") for name, _ in attrs)
        self.found += [value or "" for name, value in attrs if name in {"src", "href", "data", "action", "srcset", "xlink:href"}]


def test_people_probability_crops_and_runner_up_are_shown() -> None:
    page = shown(ReportItem("/a/b.jpg", Findings(people=[jane()], width=10, height=20, enrolled=2, models=["one"])))
    assert "Jane" in page
    assert "98\u00a0%" in page
    assert "next: Ann 2\u00a0%" in page
    assert 'alt="Jane as seen here"' in page
    assert 'alt="Jane as enrolled"' in page
    assert "compared with 2 people" in page


def test_nothing_is_fetched_and_nothing_runs() -> None:
    page = shown(ReportItem("/a/b.mp4", Findings(people=[jane(times=(0.0, 1.0))], duration=10.0)))
    links = Links()
    links.feed(page)
    assert links.scripts == 0
    assert links.found
    assert all(link.startswith(("data:image/jpeg;base64,", "#")) for link in links.found)
    assert not re.search(r"url\(|@import", page)


def test_a_name_cannot_become_markup() -> None:
    page = shown(ReportItem("/a/<img src=x>.jpg", Findings(people=[jane(name="<script>alert(1)</script>")])))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "<img src=x>" not in page


def test_stray_bytes_and_newlines_of_a_name_are_shown_escaped() -> None:
    page = shown(ReportItem("/a/x\udcff\ny.jpg", None, Problem(code="truncated", message="It ends too early.")))
    page.encode("utf-8")
    assert "x\\udcff\\ny.jpg" in page
    assert "It ends too early." in page


def test_unknown_failed_and_empty_items_have_their_cards() -> None:
    unknown = UnknownPerson(faces=[face()], candidates=[NameCandidate(name="Ann", probability=0.1, person_id=2)])
    page = shown(
        ReportItem("/a/1.jpg", Findings(unknown=[unknown])),
        ReportItem("/a/2.jpg", Findings(too_weak=1)),
        ReportItem("/a/3.jpg", None, Problem(code="missing", message="There is no such file.")),
    )
    assert "nearest: Ann 10\u00a0%" in page
    assert "1 face was too small" in page
    assert "There is no such file." in page
    assert page.count("<article") == 3


def test_everybody_not_known_is_shown_together_with_the_number_that_confirm_takes() -> None:
    unknown = [UnknownPerson(faces=[face()], candidates=[], best_crop="c") for _ in range(3)]
    page = shown(ReportItem("/a/1.jpg", Findings(unknown=unknown[:1])), ReportItem("/a/2.jpg", Findings(unknown=unknown)))
    together = page[page.index('id="strangers"') : page.index('id="items"')]
    assert together.count('href="#item-1"') == 1
    assert together.count('href="#item-2"') == 3
    assert [f"not known · {number}" in page for number in (1, 2, 3, 4)] == [True, True, True, False]


def test_long_overviews_are_folded() -> None:
    items = []
    for number in range(70):
        person = jane()
        person.person_id, person.name = number, f"P{number}"
        items.append(ReportItem(f"/a/{number}.jpg", Findings(people=[person], unknown=[UnknownPerson(faces=[face()], candidates=[])] * 2)))
    page = shown(*items)
    assert "10 more people" in page
    assert "+ 20" in page


def test_times_are_joined_over_one_missing_frame_only() -> None:
    assert spans([0, 1, 3, 7], step=1) == [(0, 3), (7, 7)]


@given(st.lists(st.floats(0, 1000, allow_nan=False), min_size=1, max_size=50), st.floats(0.1, 1000))
def test_marks_stay_inside_the_lane(times: list[float], duration: float) -> None:
    inside = [min(time, duration) for time in times]
    for mark in marks([face(time) for time in inside], duration, 1.0):
        assert 0 <= mark.left <= 100
        assert mark.width > 0
        assert mark.left + mark.width <= 101


def test_certainty_is_never_claimed() -> None:
    shown = [percent(p).replace("\u00a0", " ") for p in (1.0, 0.9994, 0.9951, 0.5, 0.0)]
    assert shown == ["> 99.9 %", "> 99.9 %", "99.5 %", "50 %", "< 1 %"]


def test_time_codes() -> None:
    assert [clock(s) for s in (7, 750, 3723)] == ["0:07", "12:30", "1:02:03"]
