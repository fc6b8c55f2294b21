"""A gallery's people put together over its images, and what it is called; real networks."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps
from tests.fakes.fake_stash import FakeStash
from tests.plugin.calls import Calls

from stashai_plugin.click import learning
from stashai_plugin.click.dialog import crops, identify, step
from stashai_plugin.deciding.applying import apply
from stashai_plugin.deciding.saying import decide
from stashai_plugin.host import deadline
from stashai_plugin.page.jobs import job, jobs
from stashai_plugin.tasks.learning import learn


def _beside(*pictures: Image.Image) -> bytes:
    whole = Image.new("RGB", (500 * len(pictures), 600))
    for number, picture in enumerate(pictures):
        whole.paste(picture.resize((500, 600)), (500 * number, 0))
    target = io.BytesIO()
    whole.save(target, "JPEG", quality=92)
    return target.getvalue()


def _looked_at(calls: Calls, gallery: int) -> tuple[str, dict[str, Any]]:
    opened = identify(calls.request(type="gallery", id=str(gallery)))
    assert opened is not None
    for _ in range(30):
        answer = step(calls.request(job=opened["id"]))
        if not answer["more"]:
            return str(opened["id"]), dict(answer["result"])
    raise AssertionError("the chain does not end")


def test_who_is_unknown_is_one_row_with_all_images(calls: Calls, stash: FakeStash, pictures: Mapping[str, Path]) -> None:
    stash.library.add_performer("Barack Obama", pictures["obama.jpg"].read_bytes())
    woman, biden = (Image.open(pictures[name]).convert("RGB") for name in ("astronaut.png", "biden.jpg"))
    gallery = stash.library.add_gallery("", folder=Path("/media/galleries/A day out"))
    darker = ImageOps.mirror(woman.point(lambda value: int(value * 0.8)))
    shown = [_beside(woman), _beside(darker), _beside(woman.rotate(8), biden), pictures["obama2.jpg"].read_bytes()]
    for number, data in enumerate(shown):
        row = stash.library.add_image("", f"/media/galleries/A day out/{number}.jpg", galleries=[gallery.id], data=data)
        row.files[0] |= {"size": len(data)}
    learn(calls.request())
    job, result = _looked_at(calls, gallery.id)
    her, him = result["unknown"]
    assert [image["image_id"] for image in her["images"]] == ["1", "2", "3"]
    assert [image["image_id"] for image in him["images"]] == ["3"]
    kept = crops(calls.request(job=job, keys=[image["crop_key"] for image in her["images"]]))["crops"]
    assert [bool(data) for data in kept.values()] == [True] * 3

    decide(calls.request(job=job, person=him["key"], verdict="skip"))
    her_id = stash.library.add_performer("Eileen").id
    accepted = [{"person": her["key"], "performer_id": str(her_id), "images": True}]
    apply(calls.request(job=job, accept=accepted))
    images = stash.library.rows["image"]
    assert [images[number].performers for number in (1, 2, 3, 4)] == [[her_id], [her_id], [her_id], []]
    assert stash.library.rows["gallery"][gallery.id].performers == [her_id]
    again = _looked_at(calls, gallery.id)[1]
    assert [row["state"] for row in again["unknown"]] == ["skipped"]


def test_a_picture_that_is_gone_fails_alone(calls: Calls, stash: FakeStash, pictures: Mapping[str, Path]) -> None:
    stash.library.add_performer("Barack Obama", pictures["obama.jpg"].read_bytes())
    gallery = stash.library.add_gallery("A day out", folder=Path("/media/galleries/A day out"))
    gone = stash.library.add_image("Gone", "/media/galleries/A day out/gone.jpg", galleries=[gallery.id])
    there = [stash.library.add_image("", pictures[name], galleries=[gallery.id]) for name in ("obama2.jpg", "obama3.jpg")]
    learn(calls.request())
    opened, result = _looked_at(calls, gallery.id)
    (him,) = result["people"]
    assert [image["image_id"] for image in him["images"]] == [str(row.id) for row in there]
    told = job(calls.request(id=opened))
    assert (told["job"]["state"], told["job"]["failed"]) == ("completed", 1)
    assert (told["items"][0]["id"], told["items"][0]["error"]["code"]) == (str(gone.id), "not-media")


def test_a_look_that_was_made_ready_and_never_opened_can_be_gone_on_with(calls: Calls, stash: FakeStash) -> None:
    gallery = stash.library.add_gallery("Next in the list")
    identify(calls.request(type="gallery", id=str(gallery.id)))
    assert jobs(calls.request())["jobs"][0]["state"] == "paused"


def test_a_gallery_without_title_goes_by_its_folder_or_zip(calls: Calls, stash: FakeStash) -> None:
    folder = stash.library.add_gallery("", folder=Path("/media/galleries/A day out"))
    packed = stash.library.add_gallery("", zip_file=Path("/media/galleries/Another day.zip"))
    titles = [identify(calls.request(type="gallery", id=str(row.id))) for row in (folder, packed)]
    assert [opened and opened["title"] for opened in titles] == ["Identify: A day out", "Identify: Another day.zip"]


def test_a_gallery_goes_on_until_all_are_learned(
    calls: Calls, stash: FakeStash, pictures: Mapping[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On first use, with steps so short that each gets to one image or one performer."""
    monkeypatch.setattr(deadline, "BUSY", 0.0)
    monkeypatch.setattr(learning, "FIRST_LEARNING", 0.0)
    for name in ("biden.jpg", "astronaut.png"):
        row = stash.library.add_performer(name, pictures[name].read_bytes())
        stash.library.add_scene("Well known", "/nowhere.mp4", performers=[row.id])
    him = stash.library.add_performer("Barack Obama", pictures["obama.jpg"].read_bytes())
    gallery = stash.library.add_gallery("A day out", folder=Path("/media/galleries/A day out"))
    for name in ("obama2.jpg", "obama3.jpg"):
        stash.library.add_image("", pictures[name], galleries=[gallery.id])
    opened = identify(calls.request(type="gallery", id=str(gallery.id)))
    assert opened is not None
    shown = []
    for _ in range(30):
        answer = step(calls.request(job=opened["id"]))
        shown.append(answer["result"])
        if not answer["more"]:
            break
    first = next(result for result in shown if result and result["unknown"])
    assert (first["people"], first["provisional"], first["compared"]["total"]) == ([], True, 3)
    (row,) = shown[-1]["people"]
    assert (row["performer_id"], row["frames"], shown[-1]["unknown"]) == (str(him.id), 2, [])
    assert (shown[-1]["provisional"], shown[-1]["compared"]) == (False, {"done": 3, "total": 3})
    told = job(calls.request(id=opened["id"]))
    assert (told["job"]["state"], told["job"]["done"]) == ("completed", 2)
    assert calls.bench().ledger.job(opened["id"]).performers_found_total == 2  # type: ignore[union-attr]  # it is there
