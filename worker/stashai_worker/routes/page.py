"""The small page at `/`: whether the worker serves, from `/health`, which needs no token; nothing that would need one."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from stashai import __version__

router = APIRouter()
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>StashAI worker</title><link rel="icon" href="data:,">
<style>:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:8vh auto;padding:0 1.2rem}
code{background:#8883;padding:.1em .35em;border-radius:.3em}li{margin:.4em 0}h1{font-size:1.5rem}
#state{font-size:1.15rem;font-weight:600}#state::before{content:"";display:inline-block;width:.7em;height:.7em;border-radius:50%;
background:#999;margin-right:.5em}#state.healthy::before{background:#2a9d4a}#state.unhealthy::before{background:#c92a2a}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1.2rem;padding:1rem;border:1px solid #8885;border-radius:.6em}
dt{opacity:.7}dd{margin:0;overflow-wrap:anywhere}</style>
<h1>StashAI worker VERSION</h1><p id="state" role="status">Asking …</p><dl id="facts"></dl>
<p>To use it in Stash: <b>Settings → Plugins → StashAI</b>, enter this address and the worker's token (if it
has one), then press <b>Test</b>.</p>
<ul><li><a href="docs">API documentation</a></li><li><a href="health">Health as JSON</a></li>
<li>Live progress: WebSocket <code>/ws/queue</code></li><li>Prometheus: <code>/metrics</code></li></ul>
<script>
const state = document.getElementById("state"), facts = document.getElementById("facts");
function fact(name, value) {
  const term = document.createElement("dt"), text = document.createElement("dd");
  term.textContent = name; text.textContent = value; facts.append(term, text);
}
function span(seconds) {
  const minutes = Math.floor(seconds / 60), hours = Math.floor(minutes / 60), days = Math.floor(hours / 24);
  if (days) return `${days} d ${hours % 24} h`;
  if (hours) return `${hours} h ${minutes % 60} min`;
  return minutes ? `${minutes} min` : `${Math.floor(seconds)} s`;
}
async function look() {
  try {
    const said = await (await fetch("health")).json(), queue = said.metrics?.queue_status;
    state.className = said.status;
    state.textContent = said.status === "healthy" ? "Ready" : "Cannot serve yet";
    facts.replaceChildren();
    fact("Up for", span(said.uptime));
    for (const [name, value] of Object.entries(said.dependencies ?? {})) fact(name[0].toUpperCase() + name.slice(1), value);
    if (queue) fact("Jobs", `${queue.processing} running, ${queue.pending} waiting`);
    if (said.metrics) fact("Services", `${said.metrics.healthy_services} of ${said.metrics.total_services} healthy`);
  } catch (error) {
    state.className = "unhealthy"; state.textContent = "Does not answer"; facts.replaceChildren();
  }
}
look(); setInterval(look, 3000);
</script></html>"""


@router.get("/", response_class=HTMLResponse, include_in_schema=False)
async def page() -> str:
    return _PAGE.replace("VERSION", __version__)
