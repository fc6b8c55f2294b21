"""Learning beyond performers' own pictures, against a fake Stash, with real networks and public portraits."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from PIL import Image
from tests.fakes.fake_stash import FakeStash
from tests.fakes.worker_program import WorkerProgram
from tests.plugin.calls import Calls
from tests.plugin.clips import RATE, SIDE, clip, seconds

from stashai.client import write_token
from stashai_plugin.deciding.applying import runs, undo
from stashai_plugin.host.bench import Bench
from stashai_plugin.people.forgetting import forget, wipe
from stashai_plugin.people.listing import people, use_as_picture
from stashai_plugin.tasks.identifying import identify
from stashai_plugin.tasks.learning import learn
from stashai_plugin.tasks.more_faces import MOST_KEPT, MOST_TRIED

Pictures = Mapping[str, Path]


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerProgram]:
    pytest.importorskip("uvicorn", reason="no worker can be started here")
    running = WorkerProgram(tmp_path_factory.mktemp("worker"))
    running.start()
    yield running
    running.kill()


@pytest.fixture(params=["here", "there"])
def either(request: pytest.FixtureRequest, calls: Calls) -> Calls:
    """Calls of a plugin whose own host learns, or a worker that shares no folder with it."""
    if request.param == "there":
        worker: WorkerProgram = request.getfixturevalue("worker")
        write_token(calls.data, worker.token)
        calls.save(run_on="worker", worker={"address": worker.address})
    return calls


def add_scenes(stash: FakeStash, folder: Path, performer: int, made: list[list[tuple[Path, int]]]) -> None:
    for number, faces in enumerate(made):
        path = clip(folder / f"{performer}-{number}.mp4", faces)
        stash.library.add_scene(path.name, path, duration=seconds(faces), size=(SIDE, SIDE), rate=RATE, performers=[performer])


def beside(target: Path, first: Path, second: Path) -> None:
    both = Image.new("RGB", (1000, 600))
    for number, path in enumerate((first, second)):
        both.paste(Image.open(path).convert("RGB").resize((500, 600)), (500 * number, 0))
    both.save(target, "JPEG", quality=92)


def paths(bench: Bench, performer: int) -> set[str]:
    """Of the usable references of a performer."""
    person = next((p for p in bench.stores.people.people() if p.key == str(performer)), None)
    return {r.path for r in bench.stores.people.references(person_id=person.id) if r.usable} if person else set()


def test_pictures_with_one_face_that_are_tagged_with_one_performer(
    either: Calls, stash: FakeStash, pictures: Pictures, tmp_path: Path
) -> None:
    library = stash.library
    obama = library.add_performer("Barack Obama").id
    biden = library.add_performer("Joe Biden", pictures["biden.jpg"].read_bytes()).id
    beside(tmp_path / "both.jpg", pictures["obama.jpg"], pictures["biden.jpg"])
    for path in (pictures["obama.jpg"], pictures["obama2.jpg"], tmp_path / "both.jpg"):
        library.add_image(path.name, path, performers=[obama])
    library.add_image("with another", pictures["obama3.jpg"], performers=[obama, biden])
    library.add_image("wrongly tagged", pictures["obama3.jpg"], performers=[biden])
    gallery = library.add_gallery("His")
    gallery.performers = [obama]
    library.add_image("in the gallery", pictures["obama3.jpg"], galleries=[gallery.id])
    library.add_image("somebody else in it", pictures["biden.jpg"], galleries=[gallery.id])
    either.save(learn={"performer_images": True, "tagged_images": True, "scenes": False})
    assert "faces of 1 performers" in learn(either.request())
    bench = either.bench()
    assert paths(bench, obama) == {"image/1", "image/2", "image/6"}
    assert paths(bench, biden) == {f"performer/{biden}"}
    assert learn(either.request()) == "Looked at 0 pictures: learned 0."


def test_only_what_changed_is_looked_at_again(either: Calls, stash: FakeStash, pictures: Pictures) -> None:
    library = stash.library
    obama = library.add_performer("Barack Obama").id
    first = library.add_image("one", pictures["obama.jpg"], performers=[obama])
    either.save(learn={"performer_images": True, "tagged_images": True, "scenes": False})
    learn(either.request())
    assert paths(either.bench(), obama) == {f"image/{first.id}"}
    second = library.add_image("two", pictures["obama2.jpg"], performers=[obama])
    del library.rows["image"][first.id]
    learn(either.request())
    assert paths(either.bench(), obama) == {f"image/{second.id}"}


def test_of_many_tagged_pictures_sixty_are_tried_and_thirty_kept(
    calls: Calls, stash: FakeStash, pictures: Pictures, tmp_path: Path
) -> None:
    obama = stash.library.add_performer("Barack Obama").id
    portrait = Image.open(pictures["obama.jpg"]).convert("RGB").crop((300, 50, 750, 650)).resize((240, 320))
    for number in range(70):
        portrait.save(tmp_path / f"{number}.jpg", quality=95 - number // 4, comment=str(number).encode())
        stash.library.add_image(str(number), tmp_path / f"{number}.jpg", performers=[obama])
    calls.save(learn={"performer_images": True, "tagged_images": True, "scenes": False})
    assert "Learned 30 faces of 1 performers" in learn(calls.request())
    bench = calls.bench()
    assert len(paths(bench, obama)) == MOST_KEPT == 30
    assert bench.ledger.database.scalar("SELECT count(DISTINCT media) FROM seen_frames") == MOST_TRIED == 60
    assert "Learned" not in learn(calls.request())


def test_the_face_of_three_scenes(either: Calls, stash: FakeStash, pictures: Pictures, tmp_path: Path) -> None:
    library = stash.library
    obama = library.add_performer("Barack Obama").id
    biden = library.add_performer("Joe Biden").id
    his, other = pictures["obama.jpg"], pictures["biden.jpg"]
    add_scenes(stash, tmp_path, obama, [[(his, 12), (other, 4)], [(pictures["obama2.jpg"], 12)], [(pictures["obama3.jpg"], 12)]])
    add_scenes(stash, tmp_path, biden, [[(other, 12)], [(other, 12), (his, 4)]])
    either.save(learn={"performer_images": True, "tagged_images": False, "scenes": True})
    learn(either.request())
    assert paths(either.bench(), obama) == {"scene/1", "scene/2", "scene/3"}
    assert paths(either.bench(), biden) == set()
    rows = {row["name"]: row for row in people(either.request())["people"]}
    assert rows["Joe Biden"]["references"] == 0
    offered = rows["Barack Obama"]["picture"]
    assert offered["crop"].startswith("data:image/jpeg;base64,")
    run = use_as_picture(either.request(performer_id=str(obama), key=offered["key"]))["run"]
    assert library.rows["performer"][obama].media["image"][:2] == b"\xff\xd8"
    assert runs(either.request())[0]["title"] == "picture of Barack Obama"
    assert undo(either.request(run=run, preview=True))["count"] == 1
    assert undo(either.request(run=run))["name"] == "Barack Obama"
    assert "image" not in library.rows["performer"][obama].media
    use_as_picture(either.request(performer_id=str(obama), key=offered["key"]))
    assert "learned 1" in learn(either.request())
    assert f"performer/{obama}" in paths(either.bench(), obama)


def test_a_deleted_performer_leaves_nothing(calls: Calls, stash: FakeStash, pictures: Pictures) -> None:
    obama = stash.library.add_performer("Barack Obama", pictures["obama.jpg"].read_bytes()).id
    stash.library.add_performer("Joe Biden", pictures["biden.jpg"].read_bytes())
    learn(calls.request())
    crops = set((stash.config / "stashai-data" / "crops").rglob("*.jpg"))
    del stash.library.rows["performer"][obama]
    learn(calls.request())
    bench = calls.bench()
    assert [p.name for p in bench.stores.people.people()] == ["Joe Biden"]
    assert len(set((stash.config / "stashai-data" / "crops").rglob("*.jpg"))) < len(crops)
    assert people(calls.request(filter="forgotten"))["people"] == []


def test_lists_of_people_come_in_pages(calls: Calls, stash: FakeStash) -> None:
    for number in range(53):
        stash.library.add_performer(f"Somebody {number:02}")
    learn(calls.request())
    first, second = people(calls.request()), people(calls.request(page=2))
    assert (first["pages"], len(first["people"]), len(second["people"])) == (2, 50, 3)
    assert second["people"][-1]["name"] == "Somebody 52"


def test_pictures_are_not_learned_from_when_the_settings_say_so(calls: Calls, stash: FakeStash, pictures: Pictures) -> None:
    stash.library.add_performer("Barack Obama", pictures["obama.jpg"].read_bytes())
    calls.save(learn={"performer_images": False, "tagged_images": False, "scenes": False})
    assert learn(calls.request()) == "Looked at 0 pictures: learned 0."
    assert json.loads(str(stash.plugin_settings["stashai"]["settings"]))["learn"]["performer_images"] is False


def test_forgetting_and_wiping_leave_no_trace(calls: Calls, stash: FakeStash, pictures: Pictures) -> None:
    stash.library.add_performer("Barack Obama", pictures["obama.jpg"].read_bytes())
    stash.library.add_performer("Joe Biden", pictures["biden.jpg"].read_bytes())
    stash.library.add_image("His", pictures["obama2.jpg"])
    assert "somebody known in 1" in identify(calls.request(type="image"))
    bench = calls.bench()
    (person,) = [p for p in bench.stores.people.people() if p.name == "Barack Obama"]
    (reference,) = bench.stores.people.references(person_id=person.id)
    assert "Barack Obama" in dump(calls)
    forget(calls.request(performer_id="1", confirm="Barack Obama"))
    assert "Barack Obama" not in dump(calls)
    assert calls.bench().stores.crops.get(reference.crop) is None
    assert not list((calls.data / "graphs").rglob("*.voy*"))
    learn(calls.request())
    assert [p.name for p in calls.bench().stores.people.people()] == ["Joe Biden"]
    wipe(calls.request(confirm="WIPE"))
    assert "Joe Biden" not in dump(calls)
    assert not (calls.data / "crops").exists()
    database = calls.bench().ledger.database
    for table in (
        "people",
        "reference_faces",
        "reference_embeddings",
        "source_files",
        "seen_frames",
        "observations",
        "observation_embeddings",
    ):
        assert database.scalar(f"SELECT count(*) FROM {table}") == 0


def dump(calls: Calls) -> str:
    """All that the ledger's file says, what was deleted and not overwritten included."""
    calls.bench().ledger.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return (calls.data / "stashai.sqlite3").read_bytes().decode("latin-1")
