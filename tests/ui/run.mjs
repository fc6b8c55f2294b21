// Runs the UI's tests: `unit` (pure logic, bundled for Node), `browser` (the built script in Chromium), or both.
// STASHAI_SCREENSHOTS names a folder that keeps the browser's pictures; otherwise they go into a temporary one.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const ui = join(here, "../../plugin/ui");
const require = createRequire(join(ui, "package.json"));
const { build } = await import(pathToFileURL(require.resolve("esbuild")).href);

async function bundleUnits() {
  const out = mkdtempSync(join(tmpdir(), "stashai-unit-"));
  const entries = readdirSync(join(here, "unit")).filter((name) => /\.test\.tsx?$/.test(name));
  await build({
    entryPoints: entries.map((name) => join(here, "unit", name)),
    outdir: out,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "bundle",
    banner: { js: 'import { createRequire as stashaiRequire } from "node:module"; const require = stashaiRequire(import.meta.url);' },
    define: { __VERSION__: '"0.0.0-test"' },
    alias: { "@ui": join(ui, "src") },
    nodePaths: [join(ui, "node_modules")],
    logLevel: "warning",
  });
  return entries.map((name) => join(out, basename(name).replace(/\.tsx?$/, ".mjs")));
}

export const CHROMIUM = process.env.STASHAI_CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);

const wanted = process.argv[2] ?? "all";
const files = [];
if (wanted !== "browser") files.push(...(await bundleUnits()));
if (wanted !== "unit") {
  if (CHROMIUM) files.push(...readdirSync(join(here, "browser")).filter((name) => name.endsWith(".test.mjs")).map((name) => join(here, "browser", name)));
  else console.log("Chromium is not installed: the browser tests are skipped (apt-get install chromium)");
}
const { status } = spawnSync(process.execPath, ["--test", "--test-concurrency=2", "--test-reporter=spec", ...files], { stdio: "inherit", env: { ...process.env, STASHAI_CHROMIUM: CHROMIUM ?? "" } });
process.exit(status ?? 1);
