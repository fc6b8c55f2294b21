"""A Stash with a certificate for its name outside, called on loopback as it calls us: by the client and by the hooks' program."""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes.fake_stash import FakeStash
from tests.plugin.test_hooks import HOOK

from stashai.stash.client import StashClient
from stashai.stash.connection import Address, Connection


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[FakeStash]:
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("no openssl here to make a certificate with")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    names = ["-keyout", str(key), "-out", str(certificate), "-subj", "/CN=stash.example"]
    subprocess.run([program, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    (tmp_path / "stash").mkdir()
    with FakeStash(tmp_path / "stash", tls=context) as stash:
        yield stash


def test_a_certificate_for_the_outside_is_no_hindrance_on_loopback(secure: FakeStash) -> None:
    jane = secure.library.add_performer("Jane", image=b"x")
    connection = {"Scheme": "https", "Host": "0.0.0.0", "Port": secure.server.port}
    client = StashClient(Connection(Address.from_server_connection(connection)))
    assert client.performer_count() == 1
    assert client.fetch(f"/performer/{jane.id}/image") == b"x"


def test_elsewhere_the_certificate_is_checked() -> None:
    assert Connection(Address("https://stash.example:9999/"))._http.verify is True


def test_hooks_call_over_https(secure: FakeStash) -> None:
    connection = {"Scheme": "https", "Host": "0.0.0.0", "Port": secure.server.port, "Dir": str(secure.config), "SessionCookie": None}
    document = {"server_connection": connection, "args": {"hookContext": {"id": 1, "type": "Image.Create.Post"}}}
    done = subprocess.run([sys.executable, str(HOOK)], input=json.dumps(document).encode(), capture_output=True, check=True)
    assert json.loads(done.stdout) == {"output": "ok"}
    secure.jobs.wait_idle()
    assert secure.jobs.find(1) is not None
