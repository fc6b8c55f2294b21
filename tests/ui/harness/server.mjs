// Serves the harness below a sub-path, as a reverse proxy would: the page, the plugin's built files, pictures, GraphQL of the mock.
import { mkdtempSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { frame, portrait } from "./faces.mjs";
import { createMock } from "./mock.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const plugin = join(here, "../../../plugin");
export const require = createRequire(join(plugin, "ui/package.json"));
export const BASE = "/stash/";

export async function bundleHarness() {
  const { build } = await import(pathToFileURL(require.resolve("esbuild")).href);
  const out = mkdtempSync(join(tmpdir(), "stashai-ui-"));
  await build({
    entryPoints: [join(here, "stash.tsx")],
    outfile: join(out, "stash.js"),
    bundle: true,
    minify: true,
    format: "iife",
    define: { "process.env.NODE_ENV": '"production"', "globalThis.__DEV__": "false" },
    nodePaths: [join(plugin, "ui/node_modules")],
    logLevel: "warning",
  });
  return out;
}

const page = (theme) => `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><base href="${BASE}">
<link rel="stylesheet" href="${BASE}bootstrap.css"><link rel="stylesheet" href="${BASE}theme.css"><link rel="stylesheet" href="${BASE}plugin/stashai/css"></head>
<body class="${theme}"><div id="root"></div><script src="${BASE}stash.js"></script><script src="${BASE}plugin/stashai/javascript"></script><script>startStash()</script></body></html>`;

/** Answers { url, mock, close }. */
export async function serve(out) {
  const mock = createMock(BASE);
  const files = {
    "stash.js": [join(out, "stash.js"), "text/javascript"],
    "plugin/stashai/javascript": [join(plugin, "dist/stashai.js"), "text/javascript"],
    "plugin/stashai/css": [join(plugin, "dist/stashai.css"), "text/css"],
    "bootstrap.css": [require.resolve("bootstrap/dist/css/bootstrap.min.css"), "text/css"],
    "theme.css": [join(here, "theme.css"), "text/css"],
  };
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://harness");
    const send = (type, body) => response.writeHead(200, { "Content-Type": `${type}; charset=utf-8` }).end(body);
    if (!pathname.startsWith(BASE)) return response.writeHead(404).end();
    const path = pathname.slice(BASE.length);
    if (files[path]) return send(files[path][1], readFileSync(files[path][0]));
    if (path === "frame.svg") return send("image/svg+xml", frame());
    const performer = /^performer\/(\d+)\/image$/.exec(path);
    if (performer) {
      const picture = portrait(mock.faceOf(performer[1]) ?? "nobody");
      return send(/^data:([^;]+)/.exec(picture)[1], Buffer.from(picture.split(",")[1], "base64"));
    }
    if (path === "graphql") {
      let text = "";
      request.on("data", (part) => (text += part));
      request.on("end", () => {
        try {
          send("application/json", JSON.stringify({ data: mock.graphql(JSON.parse(text)) }));
        } catch (error) {
          send("application/json", JSON.stringify({ data: null, errors: [{ message: String(error) }] }));
        }
      });
      return undefined;
    }
    return send("text/html", page(searchParams.get("theme") ?? "dark"));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}${BASE}`, mock, close: () => (server.closeAllConnections(), server.close()) };
}
