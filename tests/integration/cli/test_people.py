"""People: renamed, forgotten, confirmed, rejected."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from .conftest import Line


def names(ran: Any) -> list[str]:
    return [person["name"] for person in ran.json["items"][0]["people"]]


def test_a_new_name_is_used_at_once(stashai: Line, people: Path, pictures: dict[str, Path]) -> None:
    stashai("enroll", people)
    assert stashai("people", "rename", "Barack Obama", "Barry").status == 0
    assert names(stashai("identify", "--json", pictures["obama2.jpg"])) == ["Barry"]
    twice = stashai("people", "rename", "Joe Biden", "Barry")
    assert (twice.status, "people merge" in twice.err) == (0, True)


def test_forgotten_people_come_back_by_enroll_alone(stashai: Line, people: Path, pictures: dict[str, Path]) -> None:
    stashai("identify", "--people", people, pictures["obama2.jpg"])
    assert stashai("people", "forget", "Barack Obama", "--yes", "--json").status == 0
    again = stashai("identify", "--json", "--people", people, pictures["obama2.jpg"])
    assert names(again) == []
    assert "Barack Obama: was forgotten" in again.err
    stashai("enroll", people)
    assert names(stashai("identify", "--json", "--people", people, pictures["obama2.jpg"])) == ["Barack Obama"]


def test_wipe_leaves_no_face(stashai: Line, people: Path, pictures: dict[str, Path]) -> None:
    stashai("identify", "--people", people, pictures["obama2.jpg"])
    assert stashai("people", "wipe", "--yes").status == 0
    assert stashai("people", "list", "--json").json["people"] == []
    assert list(stashai.data.rglob("*.jpg")) == []
    with sqlite3.connect(next(stashai.data.glob("*.sqlite3"))) as rows:
        assert rows.execute("SELECT count(*) FROM reference_faces").fetchone() == (0,)


def test_who_was_forgotten_stays_so_after_a_wipe(stashai: Line, people: Path, pictures: dict[str, Path]) -> None:
    stashai("enroll", people)
    stashai("people", "forget", "Barack Obama", "--yes")
    stashai("people", "wipe", "--yes")
    again = stashai("identify", "--json", "--people", people, pictures["obama2.jpg"])
    assert "Barack Obama: was forgotten" in again.err
    assert [one["name"] for one in stashai("people", "list", "--json").json["people"]] == ["Joe Biden"]


def test_a_profile_that_looks_alike_learns_nothing_anew(stashai: Line, people: Path, pictures: dict[str, Path]) -> None:
    def learned(profile: str) -> int:
        stashai("identify", "--profile", profile, "--people", people, pictures["obama2.jpg"])
        return sum(job["processor"] == "people.enroll" for job in stashai("jobs", "list", "--json").json["jobs"])

    assert [learned(profile) for profile in ("balanced", "thorough", "balanced", "fast")] == [1, 1, 1, 2]


def test_without_yes_nothing_is_forgotten(stashai: Line, people: Path) -> None:
    stashai("enroll", people)
    assert stashai("people", "forget", "Joe Biden").status == 130
    assert len(stashai("people", "list", "--json").json["people"]) == 2


def test_a_rejected_name_is_not_proposed_there_again(stashai: Line, people: Path, pictures: dict[str, Path]) -> None:
    shown = stashai("identify", "--json", "--people", people, pictures["obama2.jpg"])
    assert names(shown) == ["Barack Obama"]
    assert stashai("reject", "Barack Obama", pictures["obama2.jpg"]).status == 0
    assert names(stashai("identify", "--json", "--people", people, pictures["obama2.jpg"])) == []
    assert names(stashai("identify", "--json", "--people", people, pictures["obama3.jpg"])) == ["Barack Obama"]


def test_a_confirmed_stranger_is_known_from_then_on(stashai: Line, people: Path, pictures: dict[str, Path]) -> None:
    stashai("enroll", people)
    assert names(stashai("identify", "--json", pictures["astronaut.png"])) == []
    confirmed = stashai("confirm", "Eileen Collins", pictures["astronaut.png"], "--unknown", "1", "--json")
    assert confirmed.json["learned"] == 1, confirmed.err
    assert names(stashai("identify", "--json", pictures["astronaut.png"])) == ["Eileen Collins"]


def test_whom_nobody_can_be_is_not_made(stashai: Line, people: Path, pictures: dict[str, Path]) -> None:
    stashai("identify", "--people", people, pictures["astronaut.png"])
    for name, number in (("Eileen Collins", "2"), (" ", "1")):
        assert stashai("confirm", name, pictures["astronaut.png"], "--unknown", number).status == 2
    assert len(stashai("people", "list", "--json").json["people"]) == 2


def test_what_was_learned_from_was_not_shown(stashai: Line, people: Path) -> None:
    stashai("enroll", people)
    ran = stashai("confirm", "Joe Biden", next((people / "Joe Biden").iterdir()))
    assert (ran.status, "Nothing was shown" in ran.err) == (2, True)


def test_who_is_not_there_cannot_be_confirmed(stashai: Line, people: Path, pictures: dict[str, Path]) -> None:
    stashai("identify", "--people", people, pictures["obama2.jpg"])
    ran = stashai("confirm", "Joe Biden", pictures["obama2.jpg"])
    assert ran.status == 2
    assert "Barack Obama" in ran.err


def test_an_unknown_name_suggests_another(stashai: Line, people: Path) -> None:
    stashai("enroll", people)
    ran = stashai("people", "show", "obama")
    assert ran.status == 2
    assert "Did you mean Barack Obama?" in ran.err


def test_people_are_told_by_name_whatever_they_were_asked_for_by(stashai: Line, people: Path) -> None:
    stashai("enroll", people)
    first, second = stashai("people", "list", "--json").json["people"]
    merged = stashai("people", "merge", f"id:{first['id']}", f"id:{second['id']}", "--json").json
    assert merged == {"id": second["id"], "name": second["name"], "merged": first["id"]}


def test_nobody_of_that_name_cannot_be_compared(stashai: Line, people: Path, pictures: dict[str, Path]) -> None:
    stashai("enroll", people)
    assert stashai("compare", pictures["obama2.jpg"], "obama").status == 2
    by_id = stashai("compare", pictures["obama2.jpg"], "id:1", "--json")
    assert by_id.json["same"] is (stashai("people", "show", "id:1", "--json").json["name"] == "Barack Obama")


def test_what_cannot_be_compared_is_named(stashai: Line, pictures: dict[str, Path], clip: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    for other in (tmp_path, clip, tmp_path / "empty.jpg", tmp_path / "missing.jpg"):
        ran = stashai("compare", pictures["obama2.jpg"], other, "--json")
        assert (ran.status, ran.json["error"]["message"].startswith(other.name)) == (1, True)


def test_what_lies_beside_the_folders_is_told_and_harms_nobody(stashai: Line, people: Path, pictures: dict[str, Path]) -> None:
    (people / "loose.jpg").write_bytes(pictures["obama2.jpg"].read_bytes())
    (people / "circle").symlink_to("circle")
    learned = stashai("enroll", people, "--json")
    assert learned.json["enrolled"] == 2
    assert any(warning.startswith("loose.jpg: not in a folder") for warning in learned.json["warnings"])


def test_a_name_is_not_empty(stashai: Line, people: Path) -> None:
    stashai("enroll", people)
    assert stashai("people", "rename", "Joe Biden", " ").status == 2
