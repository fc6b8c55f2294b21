import assert from "node:assert/strict";
import { PHONE, eventually, flow, identify, opsOf, row } from "./bench.mjs";

flow("an image: boxes over the picture, named in the dialog, added", async ({ open, mock, shot }) => {
  const page = await open("images/2");
  await page.click(".nav-tabs >> text=Faces");
  await page.waitForSelector(".sai-image-overlay .sai-box");
  assert.equal(await page.locator(".tab-content > .tab-pane:visible").count(), 0);
  const [box, image] = [await page.locator(".sai-box").first().boundingBox(), await page.locator(".image-image").boundingBox()];
  assert.ok(Math.abs(box.x - (image.x + (220 / 1280) * image.width)) < 2);
  await shot(page, "image-faces");
  await page.click(".nav-tabs >> text=Details");
  assert.equal(await page.locator(".sai-pane").count(), 0);
  assert.equal(await page.locator(".tab-content > .tab-pane:visible").count(), 1);
  await identify(page);
  assert.equal(await page.locator(".dropdown-menu.show").count(), 0);
  await row(page, "p1").waitFor();
  assert.match(await page.innerText(".modal-title"), /Who is in this picture\?\s+Picture 2/);
  await page.click("[data-sai=add]");
  await eventually(async () => (await page.locator(".tag-item").count()) === 2);
  assert.deepEqual(opsOf(mock, "apply")[0].gallery, undefined);
});

flow("a gallery: pictures a person in a virtual grid, 60 crops a page; the gallery is ticked, its pictures are not", async ({ open, mock, shot }) => {
  const page = await open("galleries/4");
  await identify(page);
  await row(page, "p1").waitFor();
  await row(page, "p1").getByText("Show 900 pictures").click();
  await page.waitForSelector(".sai-grid img");
  await eventually(async () => (await page.locator(".sai-grid img").count()) > 10);
  assert.ok((await page.locator(".sai-grid a").count()) < 120, "only what is in view is drawn");
  await shot(page, "gallery");
  await page.locator(".sai-grid").evaluate((grid) => grid.scrollTo(0, 4000));
  await eventually(() => opsOf(mock, "crops").length >= 2);
  assert.ok(opsOf(mock, "crops").every((call) => call.keys.length <= 60));
  assert.equal(await page.isChecked("#sai-where-gallery"), true);
  assert.equal(await page.isChecked("#sai-where-images"), false);
  await page.click("label[for=sai-where-images]");
  await page.click("[data-sai=add]");
  await page.waitForSelector(".toast");
  const call = opsOf(mock, "apply")[0];
  assert.deepEqual([call.gallery, call.accept], [true, [{ person: "p1", performer_id: "11", images: true }]]);
});

flow("a performer: similar people, and two compared", async ({ open, mock, shot }) => {
  const page = await open("performers/11");
  await page.click("#stashai-performer");
  await page.click("text=Similar people");
  await page.waitForSelector(".sai-similar li");
  assert.match(await page.innerText(".modal"), /People who look like Jane Miller[\s\S]*Ann Lee/);
  await shot(page, "similar");
  await page.click(".modal .close");
  await page.click("#stashai-performer");
  await page.click("text=Compare with…");
  await page.fill(".sai-search input", "ann");
  await page.locator(".sai-search [role=option]", { hasText: "Ann Lee" }).click();
  await page.waitForSelector(".sai-verdict");
  assert.deepEqual(opsOf(mock, "compare")[0], { op: "compare", a: "11", b: "12" });
  assert.match(await page.innerText(".sai-compare"), /8% that they are one person[\s\S]*SFace[\s\S]*FaceNet/);
  await shot(page, "compare");
});

flow("on a phone the performer's menu is whole, wherever its button stands", async ({ open }) => {
  const page = await open("performers/11", { size: PHONE });
  for (const side of ["flex-start", "flex-end"]) {
    await page.addStyleTag({ content: `.details-edit { display: flex; justify-content: ${side}; } .details-edit > .btn { display: none; }` });
    await page.click("#stashai-performer");
    const [menu, button] = [await page.locator(".dropdown-menu.show").boundingBox(), await page.locator("#stashai-performer").boundingBox()];
    assert.ok(menu.x >= 0 && menu.x + menu.width <= PHONE.width, `${side}: ${JSON.stringify(menu)}`);
    assert.ok(menu.y >= button.y + button.height - 1, "it opens below the button");
    await page.keyboard.press("Escape");
  }
});

for (const version of ["0.30", "0.31"]) {
  for (const [folder, type] of [["scenes", "scene"], ["images", "image"], ["galleries", "gallery"]]) {
    flow(`a selection of ${folder} in Stash ${version} becomes one task`, async ({ open, mock, shot }) => {
      const page = await open(folder, { query: `&stash=${version}` });
      await page.click("#more-menu");
      assert.equal(await page.locator("text=Identify people in selection").count(), 0);
      await page.click("#more-menu");
      await page.check('[aria-label="select 1"]');
      await page.check('[aria-label="select 3"]');
      await page.click("#more-menu");
      assert.equal(await page.locator("text=Identify people in selection").count(), 1);
      if (folder === "scenes") await shot(page, `list-${version}`);
      await page.click("text=Identify people in selection");
      await page.waitForSelector(".toast >> text=Looking at 2 items");
      assert.deepEqual(mock.calls.at(-1), { task: null, description: "Identify people in selection", op: "task_identify", type, ids_json: '["1","3"]' });
    });
  }
}

flow("our page: jobs with their items, cancel and retry", async ({ open, mock, shot }) => {
  const page = await open("scenes");
  await page.click(".sai-nav");
  await page.waitForURL(/plugins\/stashai/);
  await page.waitForSelector(".sai-jobs");
  assert.match(await page.innerText(".sai-summary"), /Runs on this Stash\s+5,033 people known/);
  await page.click("text=Identify people in scenes without performers");
  await page.waitForSelector("text=The file ends early.");
  await shot(page, "page-jobs");
  await page.locator(".sai-card", { hasText: "without performers" }).getByText("Cancel", { exact: true }).click();
  await eventually(() => opsOf(mock, "cancel").length === 1);
  await page.locator(".sai-card", { hasText: "in images" }).getByText("Try again").click();
  await eventually(() => opsOf(mock, "retry")[0]?.id === "j3");
  await page.reload();
  await page.waitForSelector(".sai-jobs");
});

flow("our page: what is missing is installed from there, too", async ({ open, mock, shot }) => {
  mock.state.bare = true;
  const page = await open("plugins/stashai");
  await page.waitForSelector("text=78 MB before the first name");
  await shot(page, "page-setup");
  await page.click("text=Download and start");
  await page.waitForSelector("text=Fetching packages: 17 MB");
  await page.waitForSelector(".sai-setup", { state: "detached" });
  assert.equal(opsOf(mock, "setup").length, 1);
});

flow("our page: people, the face to choose, forgetting after typing the name, and allowing again", async ({ open, mock, shot }) => {
  const page = await open("plugins/stashai?tab=people");
  await page.waitForSelector(".sai-person");
  await shot(page, "page-people");
  await page.locator(".sai-person", { hasText: "Tom Baker" }).getByText("Use as performer picture").click();
  await page.waitForSelector(".toast >> text=picture was set");
  assert.deepEqual(opsOf(mock, "use_as_picture"), [{ op: "use_as_picture", performer_id: "13", key: "scene-face" }]);
  assert.match(await page.innerText(".sai-pager"), /1 of 2/);
  await page.click("[aria-label='Next page']");
  await eventually(async () => (await page.locator(".sai-person").count()) === 13);
  assert.equal(await page.locator("[aria-label='Next page']").isDisabled(), true);
  let answer;
  const late = new Promise((resolve) => (answer = resolve));
  await page.route("**/graphql", async (route) => (/"choose"/.test(route.request().postData() ?? "") && (await late), route.continue()));
  await page.click("text=Choose the face");
  assert.equal(await page.locator("text=Which face").count(), 0, "the old list stays as it was until the new one is there");
  answer();
  await page.waitForSelector(".sai-choices");
  await shot(page, "page-choose");
  await page.locator(".sai-choices button").first().click();
  await eventually(() => opsOf(mock, "choose_face")[0]?.key === "a");
  await page.click(".sai-filters .btn:first-child");
  await page.locator(".sai-person", { hasText: "Ann Lee" }).locator(".sai-quiet").click();
  assert.equal(await page.locator(".modal >> text=Forget this person").isDisabled(), true);
  await page.fill(".modal input", "Ann Lee");
  await shot(page, "forget");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".toast >> text=Ann Lee was forgotten.");
  await page.click("text=Forgotten");
  await page.click("text=Allow again");
  await eventually(() => opsOf(mock, "allow").length === 1);
});

flow("our page: what was written, and undo of a run after its name and count were shown", async ({ open, mock, shot }) => {
  const page = await open("plugins/stashai?tab=history");
  await page.waitForSelector(".sai-jobs");
  await shot(page, "page-history");
  await page.locator(".sai-card", { hasText: "at or above my limit" }).getByText("Undo this run").click();
  await page.waitForSelector("text=Take back 12 changes");
  assert.deepEqual(opsOf(mock, "undo").map((call) => call.preview), [true]);
  await page.click(".modal >> text=Undo this run");
  await eventually(() => opsOf(mock, "undo").length === 2);
});

flow("our page: charts, where it runs, wiping after typing", async ({ open, mock, shot }) => {
  const page = await open("plugins/stashai?tab=charts");
  await page.waitForSelector(".sai-chart");
  assert.equal(await page.locator(".sai-chart").count(), 5);
  await shot(page, "page-charts");
  await page.click("text=System");
  await page.waitForSelector("text=Another computer");
  await shot(page, "page-system");
  assert.equal(await page.locator("text=No module named 'nothing'").count(), 1);
  await page.click("[aria-label='Run quality.blur']");
  assert.equal(await page.inputValue(".modal textarea"), '{\n  "folder": null,\n  "least": 0\n}');
  await page.fill(".modal textarea", "{");
  assert.equal(await page.locator(".modal [type=submit]").isDisabled(), true);
  await page.fill(".modal textarea", '{"folder": "/pictures"}');
  await shot(page, "page-run-service");
  await page.click(".modal [type=submit]");
  await eventually(() => opsOf(mock, "run_service")[0]?.params.folder === "/pictures");
  await page.waitForSelector(".modal", { state: "detached" });
  await page.click("text=Wipe all face data");
  await page.fill(".modal input", "wipe");
  assert.equal(await page.locator(".modal .btn-danger").isDisabled(), true);
  await page.fill(".modal input", "WIPE");
  await page.click(".modal .btn-danger");
  await eventually(() => opsOf(mock, "wipe")[0]?.confirm === "WIPE");
  for (const tab of ["jobs", "people", "charts", "system"]) {
    const phone = await open(`plugins/stashai?tab=${tab}`, { size: PHONE, theme: "light" });
    await phone.waitForSelector(".sai-card");
    assert.ok(await phone.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), `${tab} fits a phone`);
    await shot(phone, `page-${tab}-phone-light`);
  }
});

flow("settings: a form of our own, saved as a whole; the token is only sent; other plugins keep theirs", async ({ open, mock, shot }) => {
  const page = await open("settings");
  await page.waitForSelector("#plugin-stashai-run_on");
  assert.equal(await page.locator(".plugin-settings.raw").innerText(), "another: raw fields");
  assert.equal(await page.locator(".sai-save button").isDisabled(), true);
  await page.selectOption("[name=run_on]", "worker");
  await page.fill("[aria-label=Address]", "http://192.168.1.20:9666");
  await page.fill("[aria-label=Token]", "secret");
  await page.click("text=Test");
  await page.waitForSelector("text=The worker answers");
  assert.deepEqual(opsOf(mock, "set_token"), [{ op: "set_token", token: "secret" }]);
  assert.equal(await page.inputValue("[aria-label=Token]"), "");
  await page.click("label[for=sai-auto]");
  await shot(page, "settings", { fullPage: true });
  await page.click(".sai-save button");
  await page.waitForSelector('text="Saved"');
  const saved = opsOf(mock, "save_settings")[0].settings;
  assert.deepEqual([saved.run_on, saved.worker.address, saved.auto_from], ["worker", "http://192.168.1.20:9666", 0.99]);
  assert.equal(JSON.stringify(saved).includes("secret"), false);
  const phone = await open("settings", { size: PHONE, theme: "light" });
  await phone.waitForSelector("#plugin-stashai-run_on");
  await shot(phone, "settings-phone-light", { fullPage: true });
});

for (const [language, menu, title] of [["de-DE", "Personen erkennen", "Wer ist in dieser Szene?"], ["ja-JP", "人物を特定", "このシーンにいるのは誰ですか?"], ["zh-CN", "识别人物", "这个短片里有谁?"]]) {
  flow(`speaks ${language} with Stash`, async ({ open, shot }) => {
    const page = await open("scenes/1", { query: `&lang=${language}` });
    await page.click("#operation-menu");
    assert.equal(await page.innerText("[data-sai=identify]"), menu);
    await page.click("[data-sai=identify]");
    await row(page, "u1").waitFor();
    assert.match(await page.innerText(".modal-title"), new RegExp(title.replace("?", "\\?")));
    await shot(page, `language-${language}`);
  });
}

flow(
  "whatever fails in a patch leaves Stash's page as it was",
  async ({ open }) => {
    const page = await open("scenes/1");
    await page.waitForSelector("#operation-menu");
    // A page without the menu that we know, and a mount that throws.
    await page.evaluate(() => {
      window.PluginApi.utils.InteractiveUtils.getPlayer = () => {
        throw new Error("no player");
      };
    });
    await page.waitForTimeout(1200);
    assert.equal(await page.locator(".scene-header").innerText(), "Summer in Lisbon");
    await page.click("#operation-menu");
    assert.equal(await page.locator("text=Rescan").count(), 1);
  },
  { expectErrors: true },
);
