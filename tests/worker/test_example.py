"""The example of a service in one file, put where a user would put it: everything that docs/new-service.md promises."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from PIL import Image
from websockets.sync.client import connect

from stashai.cli import app
from stashai.cli.exits import Exit
from stashai.settings import Settings

from .conftest import Start

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "blur_score.py"


def pictures(folder: Path) -> Path:
    """Noise (sharp) and one grey (blurred), beside what is no picture."""
    folder.mkdir()
    dice = np.random.default_rng(1)
    Image.fromarray(dice.integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(folder / "a-sharp.png")
    Image.new("RGB", (64, 64), "grey").save(folder / "b-plain.png")
    (folder / "c-none.jpg").write_bytes(b"no picture")
    (folder / "notes.txt").write_text("not looked at")
    return folder


def test_one_file_is_a_service_with_everything(start: Start, tmp_path: Path) -> None:
    processors = tmp_path / "data" / "processors"
    processors.mkdir(parents=True)
    shutil.copy(EXAMPLE, processors)
    (processors / "spoilt.py").write_text("import no_such_module_anywhere\n")
    folder = pictures(tmp_path / "pictures")
    worker = start(environ={"STASHAI_MEDIA": str(folder)})

    services = {service["name"]: service for service in worker.get("/services").json()}
    assert services["quality.blur"]["status"] == "healthy"
    assert services["spoilt"]["status"] == "unhealthy"
    assert "no_such_module_anywhere" in services["spoilt"]["error"]

    with connect(worker.root.replace("http", "ws") + "/ws/queue", proxy=None) as socket:
        socket.recv(timeout=10)
        answer = worker.post("/quality.blur/process", {"params": {"folder": str(folder), "least": 1.0}})
        events = [json.loads(socket.recv(timeout=10))["event"] for _ in range(2)]
    assert answer.status_code == 200, answer.text
    sharp, plain, none = answer.json()["items"]
    assert (sharp["result"], plain["result"], none["result"]) == ("pass", "fail", "error")
    assert sharp["response_data"]["sharpness"] > 1000
    assert (plain["evaluation_reason"], plain["evaluation_criteria"]) == ("sharpness below 1", {"least": 1.0})
    assert plain["evaluation_score"] == 0.0
    assert none["error_message"]
    assert events[0] == "job_submitted"

    job = answer.json()["job_id"]
    assert worker.get(f"/ai-jobs/{job}").json()["action_type"] == "quality", "an action type of its own needs no registration"
    assert worker.get(f"/ai-jobs/{job}/tests").json()["total"] == 3
    queued = worker.post("/queue/submit/quality.blur", {"params": {"folder": str(folder)}, "priority": 3}).json()["job_id"]
    assert worker.post(f"/queue/cancel/{queued}").status_code == 200
    assert worker.ended(queued)["status"] in ("completed", "cancelled")
    wrong = worker.post("/quality.blur/process", {"params": {}})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "bad-parameters")
    assert worker.post("/quality.blur/process", {"params": {"folder": "/etc"}}).status_code == 400
    document = requests.get(worker.root + "/openapi.json", timeout=10).json()
    body = document["paths"]["/api/v1/quality.blur/process"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert "folder" in json.dumps(document["components"]["schemas"][body["$ref"].rpartition("/")[2]])


def test_the_example_conforms(tmp_path: Path) -> None:
    from stashai.processing.registry import Registry
    from stashai.testing import check_processor

    processors = tmp_path / "processors"
    processors.mkdir()
    shutil.copy(EXAMPLE, processors)
    (listed,) = Registry(built_in=(), folder=processors, group=None).all()
    assert listed.processor is not None
    checked = check_processor(listed.processor, {"folder": str(pictures(tmp_path / "pictures"))}, tmp_path / "check")
    assert len(checked.items) == 3


def test_the_command_line_lists_it_and_runs_it_as_a_job(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings(tmp_path / "data", tmp_path / "models", 2)
    (settings.data / "processors").mkdir(parents=True)
    shutil.copy(EXAMPLE, settings.data / "processors")
    (settings.data / "processors" / "spoilt.py").write_text("import no_such_module_anywhere\n")

    def answered(*words: str) -> tuple[int, dict[str, Any]]:
        status = app.run([*words, "--json"], settings)
        return status, json.loads(capsys.readouterr().out)

    _, told = answered("services", "list")
    listed = {one["id"]: one for one in told["services"]}
    assert (listed["quality.blur"]["state"], listed["quality.blur"]["title"]) == ("ready", "Blur score")
    assert listed["quality.blur"]["parameters"] == {"folder": None, "least": 0.0}
    assert listed["spoilt"]["state"] == "broken"
    assert "no_such_module_anywhere" in listed["spoilt"]["reason"]

    status, ran = answered("services", "run", "quality.blur", f"folder={pictures(tmp_path / 'pictures')}", "least=1")
    assert (status, [item["result"] for item in ran["items"]]) == (Exit.SOME_FAILED, ["pass", "fail", "error"])
    assert ran["items"][1]["reason"] == "sharpness below 1"
    _, shown = answered("jobs", "show", ran["job_id"])
    assert (shown["processor"], shown["failed_items"], len(shown["items"])) == ("quality.blur", 1, 3)
    assert answered("services", "run", "quality.blur", "least=1")[0] == Exit.USAGE
    assert answered("services", "run", "quality.blur", "folder=/not/there")[1]["error"]["code"] == "missing-file"
    assert answered("services", "run", "spoilt")[0] == Exit.SETUP
