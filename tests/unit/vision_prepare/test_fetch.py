"""Weights arrive whole, checked and once, whatever the server, the disk and the other process do."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.fakes.package_server import PackageServer, serving

from stashai.errors import SetupError
from stashai.settings import Settings
from stashai.vision.catalog import Input, ModelEntry, Source
from stashai.vision.fetch import adopt, fetch
from stashai.vision.prepare.cache import weights_path

WEIGHTS = bytes(range(256)) * 700
WHEEL = "some_package-1.0-py3-none-any.whl"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def wheel(content: bytes = WEIGHTS) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr(zipfile.ZipInfo("some_package/net.onnx"), content)  # always of the same time: the same bytes
    return buffer.getvalue()


def wheel_entry(package: bytes | None = None, shared: bool = False) -> ModelEntry:
    data = wheel() if package is None else package
    source = Source("wheel", WHEEL, sha256(data), len(data), "Some.Package", "1.0", member="some_package/net.onnx", shared=shared)
    return ModelEntry(
        id="net",
        title="Net",
        role="embedder",
        family="arcface",
        file="net.onnx",
        sha256=sha256(WEIGHTS),
        bytes=len(WEIGHTS),
        licence="MIT",
        provenance="made up",
        source=source,
        preparation=(),
        input=Input((1, 1), "rgb", (0, 0, 0), (1, 1, 1)),
    )


class Place(NamedTuple):
    server: PackageServer
    settings: Settings
    environ: dict[str, str]
    pauses: list[float]

    def fetch(self, entry: ModelEntry, **environ: str) -> Path:
        return fetch(entry, self.settings, environ=self.environ | environ, sleep=self.pauses.append)

    @property
    def part(self) -> Path:
        return self.settings.models / "downloads" / f"{WHEEL}.part"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with serving(PackageServer({WHEEL: wheel()})) as server:
        environ = {"PIP_INDEX_URL": f"{server.url}/simple", "HOME": str(tmp_path), "PIP_CONFIG_FILE": os.devnull}
        yield Place(server, Settings(tmp_path / "data", tmp_path / "models", 1), environ, [])


@pytest.mark.parametrize("html", [False, True], ids=["json index", "html index"])
def test_weights_come_out_of_a_wheel(place: Place, html: bool) -> None:
    place.server.html = html
    path = place.fetch(wheel_entry())
    assert path.read_bytes() == WEIGHTS
    assert path == weights_path(wheel_entry(), place.settings)
    assert place.server.requests[0][0] == "/simple/some-package/"


def test_what_is_there_is_not_fetched_again(place: Place) -> None:
    place.fetch(wheel_entry())
    count = len(place.server.requests)
    place.fetch(wheel_entry())
    assert len(place.server.requests) == count


def test_damaged_weights_are_fetched_again(place: Place) -> None:
    path = place.fetch(wheel_entry())
    path.write_bytes(WEIGHTS[:-1] + b"?")
    assert place.fetch(wheel_entry()).read_bytes() == WEIGHTS


@pytest.mark.parametrize("shared", [True, False])
def test_a_package_is_kept_only_for_other_models(place: Place, shared: bool) -> None:
    place.fetch(wheel_entry(shared=shared))
    assert (place.settings.models / "downloads" / WHEEL).exists() is shared


def test_a_dropped_line_is_taken_up_where_it_was(place: Place) -> None:
    place.server.cut_after = [50_000, 60_000]
    assert place.fetch(wheel_entry()).read_bytes() == WEIGHTS
    first, second, third = place.server.downloads()
    assert first is None
    assert second == "bytes=49152-"
    assert third is not None
    assert int(third.removeprefix("bytes=").rstrip("-")) > 49152 + 40_000
    assert len(place.pauses) == 2


def test_an_earlier_process_left_a_part(place: Place) -> None:
    place.part.parent.mkdir(parents=True)
    place.part.write_bytes(wheel()[:5000])
    assert place.fetch(wheel_entry()).read_bytes() == WEIGHTS
    assert place.server.downloads() == ["bytes=5000-"]


def test_a_server_without_ranges_starts_over(place: Place) -> None:
    place.server.ranges = False
    place.server.cut_after = [50_000]
    assert place.fetch(wheel_entry()).read_bytes() == WEIGHTS
    assert place.server.downloads() == [None, "bytes=49152-"]


def test_a_part_that_is_too_long_is_thrown_away(place: Place) -> None:
    place.part.parent.mkdir(parents=True)
    place.part.write_bytes(wheel() + b"more")
    assert place.fetch(wheel_entry()).read_bytes() == WEIGHTS
    assert place.server.downloads() == [None]


def test_a_wrong_part_is_found_out_and_gone_next_time(place: Place) -> None:
    place.part.parent.mkdir(parents=True)
    place.part.write_bytes(b"?" * 5000)
    with pytest.raises(SetupError) as caught:
        place.fetch(wheel_entry())
    assert caught.value.code == "model-checksum"
    assert place.fetch(wheel_entry()).read_bytes() == WEIGHTS


def test_another_file_than_the_catalog_names_is_refused(place: Place) -> None:
    other = wheel(b"!" * len(WEIGHTS))
    place.server.files[WHEEL] = other
    with pytest.raises(SetupError, match=sha256(other)):
        place.fetch(wheel_entry())
    assert not weights_path(wheel_entry(), place.settings).exists()


def test_other_weights_inside_the_package_are_refused(place: Place) -> None:
    package = wheel(b"!" * len(WEIGHTS))
    place.server.files[WHEEL] = package
    with pytest.raises(SetupError, match=r"net\.onnx"):
        place.fetch(wheel_entry(package))
    assert list(weights_path(wheel_entry(), place.settings).parent.iterdir()) == []


def test_a_member_that_is_not_there_is_named(place: Place) -> None:
    entry = wheel_entry()
    with pytest.raises(SetupError, match=r"elsewhere\.onnx"):
        place.fetch(replace(entry, source=replace(entry.source, member="elsewhere.onnx")))


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_refusal_is_told_at_once(place: Place, status: int) -> None:
    place.server.statuses = [status]
    with pytest.raises(SetupError, match=str(status)) as caught:
        place.fetch(wheel_entry())
    assert "STASHAI_MODEL_SOURCE" in caught.value.remedy
    assert place.pauses == []


def test_a_busy_server_is_asked_again(place: Place) -> None:
    place.server.statuses = [503, 429]
    assert place.fetch(wheel_entry()).read_bytes() == WEIGHTS
    assert len(place.pauses) == 2


def test_an_index_without_the_package_is_named_without_its_password(place: Place) -> None:
    entry = wheel_entry()
    index = place.server.url.replace("http://", "http://user:secret@") + "/simple"
    for source in (replace(entry.source, package="unheard-of"), replace(entry.source, file="other.whl")):
        with pytest.raises(SetupError) as caught:
            place.fetch(replace(entry, source=source), PIP_INDEX_URL=index)
        assert "127.0.0.1" in str(caught.value)
        assert "secret" not in str(caught.value)


def test_offline_says_what_to_do(tmp_path: Path) -> None:
    with serving(PackageServer()) as server:
        gone = server.url
    settings, pauses = Settings(tmp_path / "data", tmp_path / "models", 1), list[float]()
    entry = wheel_entry()
    for source in (entry.source, Source("url", "net.onnx", sha256(WEIGHTS), len(WEIGHTS), url=f"{gone}/files/net.onnx")):
        with pytest.raises(SetupError) as caught:
            fetch(replace(entry, source=source), settings, environ={"PIP_INDEX_URL": f"{gone}/simple"}, sleep=pauses.append)
        assert caught.value.code == "offline"
        assert "STASHAI_MODEL_SOURCE" in caught.value.remedy
    assert len(pauses) == 3


def test_a_source_folder_that_is_none_is_told(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "data", tmp_path / "models", 1, model_source=tmp_path / "typo")
    with pytest.raises(SetupError, match=r"STASHAI_MODEL_SOURCE names .*typo"):
        fetch(wheel_entry(), settings)


def test_pip_config_names_the_index(place: Place, tmp_path: Path) -> None:
    config = tmp_path / "pip.conf"
    config.write_text(f"[global]\nindex-url = {place.server.url}/simple\n")
    environ = {"PIP_CONFIG_FILE": str(config), "HOME": str(tmp_path)}
    assert fetch(wheel_entry(), place.settings, environ=environ).read_bytes() == WEIGHTS


def test_npm_packages_and_plain_addresses(place: Place) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as package:
        member = tarfile.TarInfo("package/net.onnx")
        member.size = len(WEIGHTS)
        package.addfile(member, io.BytesIO(WEIGHTS))
    archive = buffer.getvalue()
    place.server.files |= {"thing-2.0.tgz": archive, "net.onnx": WEIGHTS}
    npm = Source("npm", "thing-2.0.tgz", sha256(archive), len(archive), "files/thing", "2.0", member="package/net.onnx")
    plain = Source("url", "net.onnx", sha256(WEIGHTS), len(WEIGHTS), url=f"{place.server.url}/files/net.onnx")
    for number, source in enumerate((npm, plain)):
        entry = replace(wheel_entry(), id=f"net{number}", source=source)
        assert place.fetch(entry, npm_config_registry=place.server.url).read_bytes() == WEIGHTS


@pytest.mark.parametrize("name", [WHEEL, "net.onnx"])
def test_a_folder_serves_when_offline(place: Place, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / name).write_bytes(wheel() if name == WHEEL else WEIGHTS)
    settings = replace(place.settings, model_source=folder)
    assert fetch(wheel_entry(), settings, environ={"PIP_INDEX_URL": "http://127.0.0.1:9/simple"}).read_bytes() == WEIGHTS
    assert sorted(path.name for path in folder.iterdir()) == [name]


def test_what_is_here_counts_as_arrived_before_it_is_checked(place: Place, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []

    def told(done: int, total: int) -> None:
        seen.append((done, total))

    (tmp_path / "net.onnx").write_bytes(b"other")
    with pytest.raises(SetupError):
        fetch(wheel_entry(), replace(place.settings, model_source=tmp_path), told, environ=place.environ)
    assert seen == [(5, 5)]
    place.fetch(wheel_entry())
    fetch(wheel_entry(), place.settings, told, environ=place.environ)
    assert seen[1:] == [(len(WEIGHTS), len(WEIGHTS))]


def test_a_wrong_file_in_the_folder_is_named(place: Place, tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(b"other")
    with pytest.raises(SetupError, match=r"net\.onnx"):
        fetch(wheel_entry(), replace(place.settings, model_source=tmp_path), environ=place.environ)


def test_a_file_of_the_user_is_taken_when_it_is_the_right_one(place: Place, tmp_path: Path) -> None:
    own = tmp_path / "what I have.onnx"
    entry = replace(wheel_entry(), source=Source("file"))
    with pytest.raises(SetupError, match="Net"):
        place.fetch(entry)
    with pytest.raises(SetupError, match="not a file"):
        adopt(entry, own, place.settings)
    own.write_bytes(b"other")
    with pytest.raises(SetupError, match=entry.sha256):
        adopt(entry, own, place.settings)
    own.write_bytes(WEIGHTS)
    assert adopt(entry, own, place.settings).read_bytes() == WEIGHTS
    assert place.fetch(entry).read_bytes() == WEIGHTS


def test_progress_ends_at_the_whole(place: Place) -> None:
    seen: list[tuple[int, int]] = []
    fetch(wheel_entry(), place.settings, lambda done, total: seen.append((done, total)), environ=place.environ)
    assert seen[-1] == (len(wheel()), len(wheel()))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_no_room_is_seen_before_anything_is_fetched(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(place.settings.models.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=100))
    with pytest.raises(SetupError, match="no room") as caught:
        place.fetch(wheel_entry())
    assert caught.value.code == "disk-full"
    assert place.server.downloads() == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /dev/full")
def test_a_disk_that_fills_up_on_the_way_is_told(place: Place) -> None:
    place.part.parent.mkdir(parents=True)
    place.part.symlink_to("/dev/full")
    with pytest.raises(SetupError, match="no room") as caught:
        place.fetch(wheel_entry())
    assert caught.value.code == "disk-full"
    place.part.unlink()
    assert place.fetch(wheel_entry()).read_bytes() == WEIGHTS
