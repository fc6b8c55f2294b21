// One Chromium a file, one server and mock a test; every page that a test opens must end without an error in its console.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { bundleHarness, require, serve } from "../harness/server.mjs";

const { chromium } = require("playwright-core");
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const kept = process.env.STASHAI_SCREENSHOTS;
const folder = kept ?? mkdtempSync(join(tmpdir(), "stashai-shots-"));
mkdirSync(folder, { recursive: true });

let browser;
let out;
before(async () => {
  out = await bundleHarness();
  browser = await chromium.launch({ executablePath: process.env.STASHAI_CHROMIUM || "/usr/bin/chromium", args: FLAGS });
});
after(async () => {
  await browser?.close();
  if (out) rmSync(out, { recursive: true, force: true });
  if (!kept) rmSync(folder, { recursive: true, force: true });
});

export const WIDE = { width: 1280, height: 860 };
export const PHONE = { width: 390, height: 844 };

/** `body({ open, mock, shot })`; `open(path, options)` answers a page that shows it. */
export function flow(name, body, { expectErrors = false } = {}) {
  test(name, async () => {
    const server = await serve(out);
    const context = await browser.newContext({ viewport: WIDE, reducedMotion: "reduce" });
    const problems = [];
    try {
      await body({
        mock: server.mock,
        url: server.url,
        shot: (page, title, options) => page.screenshot({ path: join(folder, `${title}.png`), ...options }),
        async open(path, { theme = "dark", size = WIDE, query = "" } = {}) {
          const page = await context.newPage();
          page.setDefaultTimeout(15000);
          page.on("pageerror", (error) => problems.push(error.message));
          page.on("console", (message) => message.type() === "error" && !/404|favicon/.test(message.text()) && problems.push(message.text()));
          await page.setViewportSize(size);
          await page.goto(`${server.url}${path}${path.includes("?") ? "&" : "?"}theme=${theme}${query}`);
          return page;
        },
      });
      if (!expectErrors) assert.deepEqual(problems, []);
    } finally {
      await context.close();
      server.close();
    }
  });
}

export const opsOf = (mock, op) => mock.calls.filter((call) => call.op === op);

/** Waits until `check` holds. */
export async function eventually(check, what = String(check)) {
  const end = Date.now() + 12000;
  while (Date.now() < end) {
    if (await check()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`never: ${what}`);
}

export async function identify(page) {
  await page.click("#operation-menu");
  await page.click("[data-sai=identify]");
  await page.waitForSelector(".sai-review");
}

export const row = (page, key) => page.locator(`[data-row=${key}]`);
/** The review's final rows are there. */
export const finished = (page) => row(page, "u1").waitFor();
