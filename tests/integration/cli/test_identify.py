"""`stashai identify` from end to end."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest

from .conftest import Line

posix = pytest.mark.skipif(os.name == "nt", reason="names of files are Unicode there")


def names(item: dict[str, Any]) -> list[str]:
    return [person["name"] for person in item["people"]]


def test_known_people_are_named_and_the_stranger_is_not(
    stashai: Line, people: Path, pictures: dict[str, Path], clip: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.html"
    media = [pictures["obama2.jpg"], pictures["obama3.jpg"], pictures["astronaut.png"], clip]
    ran = stashai("identify", "--json", "--people", people, "--report", report, *media)
    assert ran.status == 0, ran.err
    answer = ran.json
    assert set(answer) == {"job_id", "items", "ignored", "models", "timings"}
    assert [item["path"] for item in answer["items"]] == [str(path) for path in media]
    first, second, stranger, video = answer["items"]
    assert names(first) == names(second) == ["Barack Obama"]
    assert names(stranger) == []
    assert len(stranger["unknown"]) == 1
    assert sorted(names(video)) == ["Barack Obama", "Joe Biden"]
    assert len(video["unknown"]) == 1
    check_shape(answer["items"])
    page = report.read_text()
    assert "Barack Obama" in page
    assert "http://" not in page
    assert "https://" not in page


def check_shape(items: list[dict[str, Any]]) -> None:
    """The very keys and kinds that the object promises."""
    for item in items:
        assert set(item) == {"path", "status", "people", "unknown", "error"}
        assert item["status"] in {"done", "flagged", "failed"}
        assert (item["error"] is None) == (item["status"] == "done")
        for person in item["people"]:
            assert set(person) == {"name", "probability", "best_time", "faces", "candidates"}
            assert 0 <= person["probability"] <= 1
        for seen in (*item["people"], *item["unknown"]):
            assert seen["candidates"]
            chances = [candidate["probability"] for candidate in seen["candidates"]]
            assert chances == sorted(chances, reverse=True)
            for face in seen["faces"]:
                assert set(face) == {"time", "bbox", "quality"}
                assert all(isinstance(number, int) for number in face["bbox"])


def test_the_second_run_decodes_nothing_and_answers_the_same(stashai: Line, people: Path, pictures: dict[str, Path], clip: Path) -> None:
    first = stashai("identify", "--json", "--people", people, pictures["obama2.jpg"], clip).json
    jobs = len(stashai("jobs", "list", "--json").json["jobs"])
    again = stashai("identify", "--json", "--people", people, pictures["obama2.jpg"], clip).json
    assert again["items"] == first["items"]
    # one job more: nothing new was to be learned, so there is no second enrolment
    assert len(stashai("jobs", "list", "--json").json["jobs"]) == jobs + 1


def test_data_folder_is_for_its_owner_alone(stashai: Line, people: Path, pictures: dict[str, Path]) -> None:
    assert stashai("identify", "--people", people, pictures["obama2.jpg"]).status == 0
    if os.name != "nt":
        assert stat.S_IMODE(stashai.data.stat().st_mode) == 0o700


def test_one_bad_item_fails_alone(stashai: Line, people: Path, pictures: dict[str, Path], tmp_path: Path) -> None:
    empty, text = tmp_path / "empty.jpg", tmp_path / "text.jpg"
    empty.touch()
    text.write_text("not a picture")
    media = [tmp_path / "missing.jpg", pictures["obama2.jpg"], empty, text]
    ran = stashai("identify", "--json", "--people", people, *media)
    assert ran.status == 1
    items = ran.json["items"]
    assert [item["status"] for item in items] == ["failed", "done", "failed", "failed"]
    assert all(item["error"]["code"] and item["error"]["message"] for item in items if item["status"] == "failed")
    check_shape(items)


def test_folders_are_walked_in_order_and_the_rest_is_counted(
    stashai: Line, people: Path, pictures: dict[str, Path], tmp_path: Path
) -> None:
    media = tmp_path / "media"
    (media / "b").mkdir(parents=True)
    shutil.copy(pictures["obama2.jpg"], media / "z.jpg")
    shutil.copy(pictures["obama2.jpg"], media / "b" / "same bytes.jpg")
    (media / "notes.txt").touch()
    ran = stashai("identify", "--json", "--people", people, media)
    answer = ran.json
    assert [Path(item["path"]).name for item in answer["items"]] == ["same bytes.jpg", "z.jpg"]
    assert [names(item) for item in answer["items"]] == [["Barack Obama"]] * 2
    assert answer["ignored"] == 1


@posix
def test_odd_names_come_back_as_they_are(stashai: Line, people: Path, pictures: dict[str, Path], tmp_path: Path) -> None:
    odd = os.path.join(os.fsencode(tmp_path), b"new\nline \xff'\".jpg")
    try:
        shutil.copy(os.fsencode(pictures["obama2.jpg"]), odd)
    except OSError:
        pytest.skip("this file system takes no such names")
    ran = stashai("identify", "--json", "--people", people, os.fsdecode(odd))
    assert ran.status == 0, ran.err
    assert os.fsencode(ran.json["items"][0]["path"]) == odd
    plain = stashai("identify", "--people", people, os.fsdecode(odd))
    assert "new\\nline" in plain.out


def test_exactly_the_people_of_the_folder_are_matched(stashai: Line, people: Path, pictures: dict[str, Path], tmp_path: Path) -> None:
    assert stashai("enroll", people).status == 0
    assert names(stashai("identify", "--json", pictures["obama2.jpg"]).json["items"][0]) == ["Barack Obama"]
    other = tmp_path / "others"
    shutil.copytree(people / "Joe Biden", other / "Joe Biden")
    assert names(stashai("identify", "--json", "--people", other, pictures["obama2.jpg"]).json["items"][0]) == []


def test_an_empty_people_folder_is_told_and_everybody_is_unknown(stashai: Line, pictures: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "nobody").mkdir()
    ran = stashai("identify", "--json", "--people", tmp_path / "nobody", pictures["obama2.jpg"])
    assert ran.status == 0
    assert "nobody" in ran.err
    assert len(ran.json["items"][0]["unknown"]) == 1


def test_a_people_folder_that_never_was_is_unusable(stashai: Line, pictures: dict[str, Path], tmp_path: Path) -> None:
    ran = stashai("identify", "--json", "--people", tmp_path / "nowhere", pictures["obama2.jpg"])
    assert ran.status == 2
    assert ran.json["error"]["remedy"]


def test_unusable_photographs_are_warned_about(stashai: Line, people: Path, pictures: dict[str, Path]) -> None:
    (people / "Nobody" / "x").mkdir(parents=True)
    (people / "Broken").mkdir()
    (people / "Broken" / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    ran = stashai("identify", "--json", "--people", people, pictures["obama2.jpg"])
    assert ran.status == 0
    assert "Nobody: no photographs" in ran.err
    assert "broken.jpg" in ran.err
    assert "Broken: none of the photographs can be used" in ran.err


def test_a_folder_that_vanished_is_reported_and_kept(stashai: Line, people: Path, pictures: dict[str, Path]) -> None:
    stashai("enroll", people)
    shutil.rmtree(people / "Barack Obama")
    ran = stashai("identify", "--json", "--people", people, pictures["obama2.jpg"])
    assert "Barack Obama: the folder is gone" in ran.err
    assert "Barack Obama" in [person["name"] for person in stashai("people", "list", "--json").json["people"]]


def test_the_report_is_refused_before_any_work(stashai: Line, people: Path, pictures: dict[str, Path], tmp_path: Path) -> None:
    ran = stashai("identify", "--people", people, "--report", tmp_path / "no" / "where.html", pictures["obama2.jpg"])
    assert ran.status == 2
    assert not stashai.data.exists()


def test_two_folders_for_one_face_are_told(stashai: Line, people: Path, pictures: dict[str, Path]) -> None:
    (people / "Barry").mkdir()
    shutil.copy(pictures["obama2.jpg"], people / "Barry" / "1.jpg")
    ran = stashai("enroll", people)
    assert ran.status == 0
    assert "Barack Obama and Barry look like the same person" in ran.err
    assert "Biden" not in ran.err
