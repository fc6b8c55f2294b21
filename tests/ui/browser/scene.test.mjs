import assert from "node:assert/strict";
import { PHONE, eventually, finished, flow, identify, opsOf, row } from "./bench.mjs";

flow("nothing of ours runs until it is opened", async ({ open, mock }) => {
  const page = await open("scenes/1");
  await page.waitForSelector(".sai-nav");
  await page.waitForTimeout(2600);
  assert.deepEqual(mock.calls.filter((call) => call.op), []);
});

flow("a scene: the dialog opens at once, fills, is refined in place, adds and takes back", async ({ open, mock, shot }) => {
  const page = await open("scenes/1");
  await page.click("#operation-menu");
  assert.deepEqual(await page.locator(".dropdown-menu.show .dropdown-item").allInnerTexts(), ["Identify people", "Identify this frame", "Rescan", "Generate…", "Delete Scene"]);
  await shot(page, "scene-menu");
  await page.click("[data-sai=identify]");
  await page.waitForSelector(".sai-review .modal-title");
  await row(page, "p1").waitFor();
  assert.match(await page.innerText(".sai-progress"), /First look/);
  assert.match(await page.innerText(".sai-progress"), /compared with 3,200 of 20,000 people/);
  assert.equal(await page.locator("[data-sai=add]").isDisabled(), true);
  await shot(page, "scene-first-look");

  await finished(page);
  assert.match(await row(page, "p1").innerText(), /Jane Miller[\s\S]*98%[\s\S]*or Tom Baker 1%[\s\S]*0:12[\s\S]*23 frames/);
  const face = await row(page, "p1").locator(".sai-face").first().boundingBox();
  assert.ok(face.width >= 112 && face.height >= 112);
  assert.equal(await page.innerText("[data-sai=add]"), "Add Jane Miller, Ann Lee");
  assert.match(await row(page, "p4").innerText(), /Already tagged/);
  const [close, title] = [await page.locator(".sai-review .close").boundingBox(), await page.locator(".sai-review .modal-title").boundingBox()];
  assert.ok(close.y < title.y + title.height, "close is beside the title");
  await shot(page, "scene-review-dark");

  await page.click("[data-sai=add]");
  await page.waitForSelector(".toast");
  assert.match(await page.innerText(".toast"), /Added Jane Miller, Ann Lee\./);
  assert.deepEqual(opsOf(mock, "apply").map((call) => call.accept), [[{ person: "p1", performer_id: "11" }, { person: "p2", performer_id: "12" }]]);
  await eventually(async () => (await page.locator(".tag-item").allInnerTexts()).join() === "Jane Miller,Ann Lee");
  await page.click(".toast >> text=Undo");
  await eventually(async () => (await page.locator(".tag-item").count()) === 0);
  assert.equal(opsOf(mock, "undo").length, 1);
  await page.waitForSelector(".toast >> text=Taken back: 2 changes.");
});

flow("light and on a phone it reads as well", async ({ open, shot }) => {
  const light = await open("scenes/1", { theme: "light" });
  await identify(light);
  await finished(light);
  await shot(light, "scene-review-light");
  const phone = await open("scenes/1", { size: PHONE });
  await identify(phone);
  await finished(phone);
  await shot(phone, "scene-review-phone");
  const width = await phone.evaluate(() => document.querySelector(".sai-review .modal-body").scrollWidth - document.querySelector(".sai-review .modal-body").clientWidth);
  assert.equal(width, 0);
});

flow("the toast offers its undo for ten seconds", async ({ open }) => {
  const page = await open("scenes/1");
  await identify(page);
  await finished(page);
  await page.click("[data-sai=add]");
  await page.waitForSelector(".toast");
  await page.waitForTimeout(8500);
  assert.equal(await page.locator(".toast >> text=Undo").count(), 1);
  await eventually(async () => (await page.locator(".toast.show").count()) === 0);
});

flow("somebody else, a new performer, the runner-up, not Jane, skip and take back", async ({ open, mock, shot }) => {
  const page = await open("scenes/1");
  await identify(page);
  await finished(page);
  await row(page, "u1").getByText("Choose…").click();
  await page.waitForSelector(".sai-search li");
  assert.equal(await page.locator(".sai-search [role=option]").count(), 25);
  await page.fill(".sai-search input", "janey");
  await eventually(async () => (await page.locator(".sai-search [role=option]").count()) === 2);
  assert.match(await page.innerText(".sai-search"), /Jane Miller\s+also J\. M\., Janey/);
  await page.fill(".sai-search input", "ann");
  await eventually(async () => /Ann Lee \(dancer\)/.test(await page.innerText(".sai-search")));
  await shot(page, "performer-search");
  assert.ok(mock.calls.filter((call) => "search" in call).every((call) => call.per_page <= 25));
  await page.fill(".sai-search input", "Brand New");
  await page.waitForSelector(".sai-search >> text=No performer of that name.");
  assert.match(await page.innerText(".sai-search"), /Create “Brand New”/);
  await page.press(".sai-search input", "Enter");
  await eventually(async () => /Brand New/.test(await page.innerText("[data-sai=add]")));
  assert.deepEqual(opsOf(mock, "create_performer")[0], { op: "create_performer", job: "job-scene1auto", person: "u1", name: "Brand New" });

  await row(page, "p3").getByText("or Person 3 20%").click();
  await row(page, "p1").getByText("Not Jane Miller").click();
  assert.deepEqual(opsOf(mock, "decide").at(-1), { op: "decide", job: "job-scene1auto", person: "p1", verdict: "not", performer_id: "11" });
  await row(page, "p2").getByText("Skip this face").click();
  await row(page, "p2").getByText("Take back").click();
  assert.equal(opsOf(mock, "decide").at(-1).verdict, "none");
  await page.click("[data-sai=add]");
  await page.waitForSelector(".toast");
  assert.deepEqual(opsOf(mock, "apply")[0].accept, [{ person: "p2", performer_id: "12" }, { person: "p3", performer_id: "102" }, { person: "u1", performer_id: "900" }]);
});

flow("keys: arrows, Enter, x, u, Ctrl+Enter; Stash's own shortcuts rest meanwhile", async ({ open, mock }) => {
  const page = await open("scenes/1");
  await identify(page);
  await finished(page);
  const at = () => page.evaluate(() => document.activeElement.getAttribute("data-row"));
  assert.equal(await at(), "p1");
  await page.keyboard.press("x");
  assert.equal(await page.innerText("[data-sai=add]"), "Add Ann Lee");
  await page.keyboard.press("u");
  assert.equal(await page.innerText("[data-sai=add]"), "Add Jane Miller, Ann Lee");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  assert.equal(await at(), "p3");
  await page.keyboard.press("Enter");
  await page.keyboard.press("e");
  assert.equal(await page.getAttribute("body", "data-shortcut"), null);
  await page.keyboard.press("Control+Enter");
  await page.waitForSelector(".toast");
  assert.deepEqual(opsOf(mock, "apply")[0].accept.map((one) => one.person), ["p1", "p2", "p3"]);
  await page.waitForSelector(".sai-review", { state: "detached" });
  await page.keyboard.press("e");
  assert.equal(await page.getAttribute("body", "data-shortcut"), "e");
});

flow("an edit form that is not saved is warned about before the page is read anew", async ({ open, mock }) => {
  const page = await open("scenes/1");
  await page.click(".scene-body >> text=Edit");
  await page.fill("[aria-label=Title]", "half typed");
  await identify(page);
  await finished(page);
  await page.click("[data-sai=add]");
  await page.waitForSelector("text=unsaved changes");
  assert.equal(opsOf(mock, "apply").length, 0);
  await page.click("text=Add anyway");
  await page.waitForSelector(".toast");
  assert.equal(opsOf(mock, "apply").length, 1);
});

flow("Add & next: the next scene of the filter is looked at meanwhile and opens ready", async ({ open, mock, shot }) => {
  const page = await open("scenes/1");
  await identify(page);
  await finished(page);
  await page.waitForSelector(".sai-dot");
  assert.deepEqual([...new Set(opsOf(mock, "identify").map((call) => call.id))], ["1", "2"]);
  await shot(page, "scene-next-ready");
  const before = opsOf(mock, "step").length;
  await page.evaluate(() => (window.halfTyped = document.body.appendChild(document.createElement("div"))));
  await page.evaluate(() => (window.halfTyped.innerHTML = '<div class="edit-buttons-container"><button class="edit-button btn-primary">Save</button></div>'));
  await page.click("text=Add & next");
  await page.waitForSelector("text=unsaved changes");
  await page.evaluate(() => window.halfTyped.remove());
  await page.click("text=Add & next");
  await page.waitForURL(/scenes\/2/);
  await page.waitForSelector(".sai-review >> text=Scene 2");
  assert.equal(await row(page, "u1").count(), 1);
  assert.equal(await page.locator("text=unsaved changes").count(), 0);
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("data-row")), "p1");
  assert.equal(opsOf(mock, "step").filter((call) => call.job === "job-scene2auto").length, opsOf(mock, "step").slice(0, before).filter((call) => call.job === "job-scene2auto").length);
});

flow("closing pauses, opening goes on; a time code seeks and the review comes back", async ({ open, mock, shot }) => {
  const page = await open("scenes/1");
  await identify(page);
  await row(page, "p1").waitFor();
  await page.click(".sai-review .close");
  await eventually(() => opsOf(mock, "pause").length === 1);
  await identify(page);
  await finished(page);
  assert.equal(opsOf(mock, "identify").filter((call) => call.id === "1").length, 1);
  await row(page, "p1").locator(".sai-time").nth(2).click();
  await page.waitForSelector(".sai-return");
  assert.equal(await page.evaluate(() => window.player.currentTime()), 95);
  await shot(page, "scene-minimized");
  await page.click(".sai-return");
  await finished(page);
});

flow("no step and no poll while the page is hidden", async ({ open, mock }) => {
  const page = await open("plugins/stashai");
  await page.waitForSelector(".sai-jobs");
  await page.evaluate(() => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => window.away });
    window.away = true;
  });
  await page.waitForTimeout(3500);
  const seen = mock.calls.length;
  await page.waitForTimeout(4000);
  assert.equal(mock.calls.length, seen);
  await page.evaluate(() => {
    window.away = false;
    document.dispatchEvent(new Event("visibilitychange"));
  });
  await eventually(() => mock.calls.length > seen);
});

flow("the first run asks once, with sizes and places, then shows how far it is and goes on", async ({ open, mock, shot }) => {
  const page = await open("scenes/9");
  await identify(page);
  await page.waitForSelector(".sai-setup");
  const text = await page.innerText(".sai-setup");
  assert.match(text, /78 MB before the first name/);
  assert.match(text, /\/root\/\.stash\/stashai-data/);
  assert.match(text, /from pypi\.org/);
  assert.equal(opsOf(mock, "setup").length, 0);
  await shot(page, "setup-question");
  await page.click("text=Download and start");
  await page.waitForSelector("text=Fetching packages: 17 MB");
  await shot(page, "setup-progress");
  await finished(page);
  assert.deepEqual(opsOf(mock, "setup").map((call) => call.accept), [true]);
});

flow("trouble says what helps; an older page is told to reload", async ({ open, mock, shot }) => {
  const page = await open("scenes/8");
  await identify(page);
  await page.waitForSelector("text=Check that the disk is mounted");
  await shot(page, "trouble");
  mock.state.version = "9.9.9";
  const old = await open("scenes/1");
  await identify(old);
  await old.waitForSelector("text=StashAI was updated. Reload this page.");
});

flow("a scene without faces says so kindly", async ({ open, shot }) => {
  const page = await open("scenes/7");
  await identify(page);
  await page.waitForSelector("text=No face was found here.");
  await shot(page, "nobody");
});

flow("the Faces tab: lanes, a click seeks, boxes over the paused picture until it moves", async ({ open, mock, shot }) => {
  const page = await open("scenes/1");
  await identify(page);
  await finished(page);
  await page.click(".sai-review .close");
  await page.click(".nav-tabs >> text=Faces");
  await page.waitForSelector(".sai-lane");
  assert.equal(await page.locator(".sai-lane").count(), 5);
  const lane = page.locator(".sai-timeline").first();
  const rect = await lane.boundingBox();
  await page.mouse.click(rect.x + rect.width * (20 / 540), rect.y + rect.height / 2);
  assert.ok(Math.abs((await page.evaluate(() => window.player.currentTime())) - 20) < 3);
  await page.locator(".sai-lane-face").first().click();
  await page.waitForSelector(".sai-box");
  assert.equal(await page.evaluate(() => window.player.currentTime()), 12);
  assert.deepEqual(await page.locator(".sai-box").allInnerTexts(), ["Jane Miller 98%", "Ann Lee 96%"]);
  const [box, player] = [await page.locator(".sai-box").first().boundingBox(), await page.locator("#VideoJsPlayer").boundingBox()];
  const scale = Math.min(player.width / 1280, player.height / 720);
  assert.ok(Math.abs(box.x - (player.x + (player.width - 1280 * scale) / 2 + 220 * scale)) < 2);
  assert.equal(await page.locator("#VideoJsPlayer canvas").count(), 0);
  await shot(page, "faces-tab");
  const phone = await open("scenes/1", { size: PHONE, theme: "light" });
  await phone.click(".nav-tabs >> text=Faces");
  await phone.waitForSelector(".sai-lane");
  await shot(phone, "faces-tab-phone-light", { fullPage: true });
  await page.evaluate(() => window.player.play());
  await page.waitForSelector(".sai-box", { state: "detached" });
  const steps = opsOf(mock, "step").length;
  await page.waitForTimeout(2500);
  assert.equal(opsOf(mock, "step").length, steps);
});

flow("the Faces tab takes back what was added here, long after the toast, when its name and count were read", async ({ open, mock, shot }) => {
  const page = await open("scenes/1");
  await identify(page);
  await finished(page);
  await page.click("[data-sai=add]");
  await page.waitForSelector(".toast");
  await page.click(".nav-tabs >> text=Faces");
  await page.waitForSelector(".sai-written");
  await shot(page, "faces-tab-written");
  await page.locator(".sai-written li").getByText("Undo").click();
  await page.waitForSelector("text=Take back 2 changes");
  assert.deepEqual(opsOf(mock, "undo").map((call) => call.preview), [true]);
  await page.click(".modal >> text=Undo this run");
  await eventually(async () => (await page.locator(".tag-item").count()) === 0);
  await eventually(async () => (await page.locator(".sai-written").count()) === 0);
});

flow("an empty Faces tab starts nothing by itself", async ({ open, mock, shot }) => {
  const page = await open("scenes/3");
  await page.click(".nav-tabs >> text=Faces");
  await page.waitForSelector("text=Nobody has been looked for here yet.");
  assert.deepEqual([...new Set(mock.calls.filter((call) => call.op).map((call) => call.op))], ["faces"]);
  await shot(page, "faces-tab-empty");
});

flow("this frame: boxes and names over the paused picture, gone when it plays; none over a VR player", async ({ open, mock, shot }) => {
  const page = await open("scenes/1");
  await page.evaluate(() => (window.player.currentTime(33.4), window.player.play()));
  await page.click("#operation-menu");
  await page.click("[data-sai=identify-frame]");
  await page.waitForSelector(".sai-box");
  assert.equal(await page.evaluate(() => window.player.paused()), true);
  assert.deepEqual(opsOf(mock, "identify")[0], { op: "identify", type: "scene", id: "1", mode: "frame", time: 33.4 });
  assert.match(await page.innerText(".sai-overlay-line"), /Jane Miller, Ann Lee/);
  await shot(page, "frame");
  await page.click(".sai-overlay-line >> text=Review");
  await page.waitForSelector("text=Who is in this frame?");
  await page.click(".sai-review .close");
  await page.evaluate(() => window.player.play());
  await page.waitForSelector(".sai-overlay", { state: "detached" });

  await page.evaluate(() => (window.player.pause(), document.querySelector("#VideoJsPlayer").append(document.createElement("canvas"))));
  await page.click("#operation-menu");
  await page.click("[data-sai=identify-frame]");
  await page.waitForTimeout(1500);
  assert.equal(await page.locator(".sai-overlay").count(), 0);
});
