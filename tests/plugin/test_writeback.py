"""Writes with provenance, and their undo, against the fake Stash and a real ledger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes.fake_stash import FakeStash

from stashai.media.crops import CropFolder
from stashai.settings import Settings
from stashai.stash.client import StashClient
from stashai.stash.connection import Address, Connection, StashError
from stashai.stash.pictures import Pictures
from stashai.stash.writeback import Addition, WriteBack
from stashai.tracking.database import Database, open_database
from stashai_plugin.host.provenance import Provenance


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(Settings(data=tmp_path / "data", models=tmp_path, cores=1))
    yield opened
    opened.close()


@pytest.fixture
def rows(database: Database) -> Provenance:
    return Provenance.of(database)


@pytest.fixture
def write(stash: FakeStash, rows: Provenance) -> WriteBack:
    for name in ("Jane", "Ann"):
        stash.library.add_performer(name)
    for number in range(3):
        stash.library.add_scene(f"S{number}", "/x.mp4")
    stash.library.add_image("I", "/x.jpg")
    return WriteBack(StashClient(Connection(Address(stash.url + "/"))), rows)


def add(*triples: tuple[str, str, str]) -> list[Addition]:
    return [Addition("image" if kind == "image" else "scene", entity, performer, "test", 0.9) for kind, entity, performer in triples]


def linked(stash: FakeStash, number: int) -> list[int]:
    return stash.library.rows["scene"][number].performers


def test_only_what_is_new_is_added_and_taken_back(stash: FakeStash, write: WriteBack, rows: Provenance) -> None:
    linked(stash, 1).append(2)
    applied = write.apply("run", None, add(("scene", "1", "1"), ("scene", "1", "2"), ("scene", "2", "1"), ("image", "1", "2")))
    assert {(a.entity_id, a.performer_id) for a in applied.already} == {("1", "2")}
    assert linked(stash, 1) == [2, 1]
    assert [row.state for row in rows.of_run("run")] == ["written"] * 3
    assert rows.of_run("run")[0].before == '["2"]'
    undone = write.undo("run")
    assert undone.count == 3
    assert linked(stash, 1) == [2]
    assert stash.library.rows["image"][1].performers == []
    assert write.undo("run").count == 0


def test_of_two_runs_each_takes_back_its_own(stash: FakeStash, write: WriteBack) -> None:
    write.apply("first", None, add(("scene", "1", "1")))
    write.apply("second", None, add(("scene", "1", "1"), ("scene", "1", "2")))
    write.undo("second")
    assert linked(stash, 1) == [1]


def test_what_was_taken_back_is_known_until_it_is_added_again(write: WriteBack, rows: Provenance) -> None:
    write.apply("first", None, add(("scene", "1", "1"), ("scene", "1", "2")))
    assert rows.taken_back("scene", "1") == set()
    write.undo("first")
    assert rows.taken_back("scene", "1") == {"1", "2"}
    write.apply("second", None, add(("scene", "1", "2")))
    assert rows.taken_back("scene", "1") == {"1"}
    assert rows.taken_back("scene", "2") == set()


def test_a_scene_that_is_gone_hinders_nothing(stash: FakeStash, write: WriteBack) -> None:
    write.apply("run", None, add(("scene", "1", "1"), ("scene", "2", "1")))
    del stash.library.rows["scene"][1]
    assert write.undo("run").count == 1
    assert write.apply("again", None, add(("scene", "1", "1"), ("scene", "2", "1"))).added[0].entity_id == "2"


def test_a_kill_between_plan_and_write_is_undone_all_the_same(stash: FakeStash, write: WriteBack, rows: Provenance) -> None:
    rows.plan("run", None, [("scene", "1", "performer_ids", "1", "[]", "", None), ("scene", "2", "performer_ids", "1", "[]", "", None)])
    linked(stash, 1).append(1)
    assert write.undo("run", preview=True).count == 1
    assert write.undo("run").count == 1
    assert linked(stash, 1) == []


def test_a_name_that_a_person_added_after_a_kill_is_theirs(
    stash: FakeStash, write: WriteBack, rows: Provenance, database: Database
) -> None:
    rows.plan("run", None, [("scene", "1", "performer_ids", "1", "[]", "", None), ("scene", "2", "performer_ids", "1", "[]", "", None)])
    with database.write():
        database.execute("UPDATE stash_writes SET written_at = written_at - 60")
    for number in (1, 2):
        linked(stash, number).append(1)
    # Stash's own write bumps the time of the first scene, now; that of the second was changed by nobody since.
    stash.library.touch(stash.library.rows["scene"][1])
    stash.library.rows["scene"][2].updated = 0
    assert [stays.code for stays in write.undo("run", preview=True).skipped] == ["not-certain"]
    assert write.undo("run").count == 1
    assert linked(stash, 1) == [1]
    assert linked(stash, 2) == []
    assert [row.state for row in rows.of_run("run")] == ["planned", "undone"]


def test_a_refused_write_stays_planned(stash: FakeStash, write: WriteBack, rows: Provenance) -> None:
    with pytest.raises(StashError):
        write.apply("run", None, add(("scene", "1", "77")))
    assert [row.state for row in rows.of_run("run")] == ["planned"]
    assert write.undo("run").count == 0


def test_a_picture_is_replaced_and_comes_back_unless_another_was_set(
    stash: FakeStash, write: WriteBack, rows: Provenance, tmp_path: Path
) -> None:
    jane = stash.library.rows["performer"][1]
    jane.media["image"] = b"hers"
    gateway, kept = write._gateway, CropFolder(tmp_path / "replaced")
    pictures = Pictures(gateway, rows, kept)
    both = WriteBack(gateway, rows, pictures)
    pictures.give("run", "1", b"ours", "clearest")
    assert jane.media["image"] == b"ours"
    (row,) = rows.of_run("run")
    assert (row.entity_id, row.field, row.state, kept.get(row.before or "")) == ("1", "image", "written", b"hers")
    assert both.undo("run", preview=True).count == 1
    assert jane.media["image"] == b"ours"
    assert both.undo("run").count == 1
    assert jane.media["image"] == b"hers"
    assert not [path for path in (tmp_path / "replaced").rglob("*") if path.is_file()]
    pictures.give("again", "1", b"ours", "clearest")
    jane.media["image"] = b"a person's"
    assert [stays.code for stays in both.undo("again").skipped] == ["picture-changed"]
    assert jane.media["image"] == b"a person's"
    pictures.drop("1")
    assert not [path for path in (tmp_path / "replaced").rglob("*") if path.is_file()]


def test_a_creation_that_was_cut_off_is_told_and_takes_nobody(stash: FakeStash, write: WriteBack, rows: Provenance) -> None:
    stash.library.rows["performer"][1].created -= 60
    rows.plan("run", None, [("performer", "", "created", "Jane", None, "", None)])
    assert [(row.entity_id, row.value, row.state) for row in rows.of_run("run")] == [("", "Jane", "planned")]
    undone = write.undo("run")
    assert (undone.count, [stays.code for stays in undone.skipped]) == (0, ["not-created"])
    assert 1 in stash.library.rows["performer"]
    with pytest.raises(StashError):
        write.create_performer("refused", None, "Jane", None)
    assert [row.state for row in rows.of_run("refused")] == ["failed"]
    assert [run.run for run in rows.runs(10, 0)] == ["run"]


@pytest.mark.parametrize(("edited", "left"), [(False, False), (True, True)])
def test_whom_a_killed_process_made_goes_with_its_run(
    stash: FakeStash, write: WriteBack, rows: Provenance, edited: bool, left: bool
) -> None:
    rows.plan("run", None, [("performer", "", "created", "N_w", None, "", None)])
    stash.library.now = 0  # clock of whole seconds: this is Stash's now
    made = stash.library.add_performer("N_w")
    stash.library.add_performer("New")
    if edited:
        stash.library.touch(made)
    undone = write.undo("run", preview=True)
    assert (undone.count, [stays.code for stays in undone.skipped]) == ((0, ["performer-used"]) if edited else (1, []))
    write.undo("run")
    assert (made.id in stash.library.rows["performer"]) is left
    assert "New" in [row.values["name"] for row in stash.library.rows["performer"].values()]
    assert [row.state for row in rows.of_run("run")] == ["planned" if left else "undone"]


def test_a_created_performer_goes_only_when_nobody_cares(stash: FakeStash, write: WriteBack) -> None:
    unused = write.create_performer("one", None, "New", b"jpeg")
    used = write.create_performer("two", None, "Used", None)
    edited = write.create_performer("three", None, "Edited", None)
    linked(stash, 1).append(int(used))
    stash.library.touch(stash.library.rows["performer"][int(edited)])
    assert write.undo("one").count == 1
    assert int(unused) not in stash.library.rows["performer"]
    for run in ("two", "three"):
        undone = write.undo(run)
        assert undone.count == 0
        assert undone.skipped
