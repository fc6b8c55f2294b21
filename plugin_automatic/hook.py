"""Called by Stash for each new entity, while the scan waits: append one row and go. Standard library only.

The first of a burst asks Stash to queue one task of StashAI's, which runs when the scan is done.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

_ANSWER = os.dup(1)
os.dup2(2, 1)
sys.stdout = sys.stderr

HERE = Path(__file__).resolve().parent
if not (HERE / "stashai").is_dir():
    sys.path.insert(0, str(HERE.parent / "shared"))

from stashai.stash.mirror import Mirror  # noqa: E402 - the guard of standard output comes first

TASK = (
    'mutation{runPluginTask(plugin_id:"stashai",description:"StashAI: looking at what is new",'
    'args_map:{op:"task_arrivals"})}'
)


def data_folder(config: Path) -> Path:
    """Where StashAI keeps its rows: the folder of its settings, else its own below Stash's config folder."""
    home = config / "stashai-data"
    try:
        chosen = json.loads((home / "settings.json").read_bytes()).get("data_folder")
    except (OSError, ValueError, AttributeError):
        chosen = None
    return Path(chosen) if isinstance(chosen, str) and chosen else home


def ring(connection: dict[str, Any]) -> None:
    """Queue the task with the session that Stash gave us: it carries the marks by which Stash stops loops of hooks."""
    import http.client

    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(str(connection.get("Host") or ""), str(connection.get("Host")))  # noqa: S104 - compared
    port = int(connection.get("Port") or 9999)
    if connection.get("Scheme") == "https":
        import ssl

        # On loopback: Stash's certificate names the outside.
        server: http.client.HTTPConnection = http.client.HTTPSConnection(host, port, timeout=5, context=ssl._create_unverified_context())  # noqa: S323 - see above
    else:
        server = http.client.HTTPConnection(host, port, timeout=5)
    session = connection.get("SessionCookie") or {}
    headers = {"Content-Type": "application/json", "Cookie": f"{session.get('Name', 'session')}={session.get('Value', '')}"}
    server.request("POST", "/graphql", json.dumps({"query": TASK}), headers)
    answer = json.loads(server.getresponse().read())
    if answer.get("errors"):
        raise OSError(str(answer["errors"][0].get("message")))


def main() -> str:
    document = json.loads(sys.stdin.buffer.read())
    connection = document["server_connection"]
    context = document["args"]["hookContext"]
    kind, _, rest = str(context["type"]).partition(".")
    # A destroyed performer goes with the next learning; its id tells which.
    name = kind.lower() if not rest.startswith("Destroy") else f"gone-{kind.lower()}"
    mirror = Mirror(data_folder(Path(connection["Dir"])))
    if mirror.arrived(name, int(context["id"])):
        try:
            ring(connection)
        except BaseException:  # raised again: the next event is to ring in its place
            mirror.not_rung()
            raise
    return json.dumps({"output": "ok"})


if __name__ == "__main__":
    try:
        text = main()
    except Exception as error:  # noqa: BLE001 - the boundary to Stash, whose log shows it
        text = json.dumps({"error": f"StashAI automatic: {type(error).__name__}: {error}"})
    os.write(_ANSWER, text.encode())
