"""Every limit of what a request may bring, and that the answer says which one it was."""

from __future__ import annotations

import base64
import io
import socket
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from PIL import Image

from .conftest import Start, Worker

IMAGE = {"id": "1", "type": "image"}


def upload(worker: Worker, content: bytes, name: str = "picture.png") -> requests.Response:
    return requests.post(worker.url + "/media", files={"file": (name, content)}, timeout=30)


def metadata(worker: Worker, content: bytes, status: int = 400) -> dict[str, Any]:
    body = {"entity": IMAGE, "image_data": {"data": base64.b64encode(content).decode()}}
    answer = worker.post("/content-analysis/extract-metadata", body)
    assert answer.status_code == status, answer.text
    return dict(answer.json())


def png_of(width: int, height: int) -> bytes:
    """A valid PNG of black pixels that is a thousand times smaller than what it holds."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(1 + width // 8)) for _ in range(height)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_pixels(worker: Worker) -> None:
    said = metadata(worker, png_of(16_000, 16_000), 413)
    assert said["code"] == "too-large"
    assert "megapixels" in said["message"]


def test_a_zip_bomb_is_no_picture_and_nothing_of_it_is_unpacked(worker: Worker) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("picture.jpg", bytes(200 * 2**20))
    said = metadata(worker, packed.getvalue())
    assert said["code"] == "not-a-picture"


def test_a_packed_body_is_not_unpacked(worker: Worker) -> None:
    """A body of a few bytes that says to be packed is what it is: no JSON."""
    packed = zlib.compress(b'{"entity": {"id": "' + b"x" * 2**20 + b'"}}')
    headers = {"Content-Encoding": "deflate", "Content-Type": "application/json"}
    answer = requests.post(worker.url + "/content-analysis/analyze-scene", data=packed, headers=headers, timeout=10)
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("path", "body", "most"),
    [
        ("/facial-recognition/identify-gallery", {"entity": {"id": "1", "type": "gallery"}, "images": [{"id": "1"}] * 10_001}, "10000"),
        ("/batch/submit", {"entities": [IMAGE] * 100_001, "operation": "identify-image"}, "100000"),
        ("/interactions/sync", {"interactions": [{}] * 10_001}, "10000"),
        ("/facial-recognition/compare-faces", {"performer1_id": "1", "performer2_id": "2", "comparison_models": ["a"] * 11}, "10"),
    ],
)
def test_counts(worker: Worker, path: str, body: dict[str, Any], most: str) -> None:
    answer = worker.post(path, body)
    assert answer.status_code == 422
    assert any(most in detail["msg"] for detail in answer.json()["detail"]), answer.text[:500]


def test_texts(worker: Worker) -> None:
    answer = worker.post("/content-analysis/analyze-scene", {"entity": {**IMAGE, "path": "x" * 16_385}})
    assert answer.status_code == 422
    assert "16384" in answer.text


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("../../etc/cron.d/x.png", ".png"),
        ("x" * 3000 + ".PNG", ".png"),
        ("a\x00b.png", ".png"),
        ("picture.png/..", ""),
        ("C:\\windows\\x.jpg", ".jpg"),
        ("no ending", ""),
        ("x.exe.verylongending", ""),
    ],
)
def test_names_of_files_are_only_names(worker: Worker, name: str, ending: str) -> None:
    """Kept by content, in the spool; of the name only a plain ending stays."""
    answer = upload(worker, b"some bytes", name)
    assert answer.status_code == 201, answer.text
    key = answer.json()["upload"]
    assert key[40:] == ending
    assert [path.name for path in (worker.data / "spool").iterdir()] == [key]


def test_a_name_that_is_too_long_is_refused(worker: Worker) -> None:
    answer = upload(worker, b"some bytes", "x" * 5000)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-upload")
    assert "header size" in answer.json()["message"]


def test_uploads(start: Start) -> None:
    worker = start(max_upload=1)
    assert upload(worker, bytes(2**20 - 4096)).status_code == 201
    large = upload(worker, bytes(2**20 + 1))
    assert (large.status_code, large.json()["code"]) == (413, "too-large")
    assert "1 MiB" in large.json()["message"]
    assert len(list((worker.data / "spool").iterdir())) == 1, "nothing stays of what is refused"


def test_an_upload_of_many_pieces_is_kept_as_it_was(worker: Worker) -> None:
    content = bytes(range(256)) * 20_000
    answer = upload(worker, content)
    assert answer.json()["bytes"] == len(content)
    assert (worker.data / "spool" / answer.json()["upload"]).read_bytes() == content


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Type": "application/json"}, b"{}"),
        ({"Content-Type": "multipart/form-data"}, b""),
        ({"Content-Type": "multipart/form-data; boundary=x"}, b"not a form"),
        ({"Content-Type": "multipart/form-data; boundary=x"}, b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n'),
        (
            {"Content-Type": "multipart/form-data; boundary=x"},
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\nhalf of it',
        ),
    ],
)
def test_what_is_no_upload(worker: Worker, headers: dict[str, str], body: bytes) -> None:
    answer = requests.post(worker.url + "/media", data=body, headers=headers, timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-upload")
    assert not Path(worker.data / "spool").exists() or not list((worker.data / "spool").iterdir())


def test_an_upload_that_breaks_off_leaves_nothing(worker: Worker) -> None:
    address = urlsplit(worker.root)
    with socket.create_connection((address.hostname or "", address.port or 0)) as connection:
        head = b"POST /api/v1/media HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n"
        head += b"Content-Type: multipart/form-data; boundary=x\r\n\r\n"
        connection.sendall(head + b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n' + bytes(5000))
    assert upload(worker, b"the next one").status_code == 201
    assert len(list((worker.data / "spool").iterdir())) == 1


def test_a_picture_is_read_whole_or_not_at_all(worker: Worker) -> None:
    picture = io.BytesIO()
    Image.effect_noise((200, 200), 50).save(picture, "PNG")
    said = metadata(worker, picture.getvalue()[:200])
    assert said["code"] in ("damaged", "truncated", "not-a-picture")
