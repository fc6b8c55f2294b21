import assert from "node:assert/strict";
import { test } from "node:test";
import * as React from "react";
import { Failure, runOperation, runTask } from "@ui/api/graphql";
import type { GraphQL } from "@ui/api/graphql";
import { LANGUAGES, sentences } from "@ui/i18n/words";
import { catalogs, translator } from "@ui/i18n/translate";
import { boxesAt, placeBox } from "@ui/lib/boxes";
import { operations } from "@ui/api/operations";
import { niceTop, sparse } from "@ui/lib/scale";
import { entityOfPath } from "@ui/lib/selection";
import { createStore } from "@ui/lib/store";
import { span, timeCode } from "@ui/lib/time";
import { childKeys, replaceFirst } from "@ui/lib/tree";
import { pages, visibleCells } from "@ui/lib/window";
import { nearestTime } from "@ui/mounts/Timeline";
import type { Row } from "@ui/types";

test("time codes and spans", () => {
  assert.deepEqual([0, 7.9, 65, 3725, -3].map(timeCode), ["0:00", "0:07", "1:05", "1:02:05", "0:00"]);
  assert.deepEqual([0.42, 12.4, 150, 7200].map((one) => span(one, translator("de-DE").number)), ["0,4 s", "12 s", "3 min", "2 h"]);
});

test("a box in a letter-boxed video", () => {
  const box = { time: 0, x: 640, y: 360, w: 64, h: 36, frame_w: 1280, frame_h: 720 };
  // 1000 × 1000 shows 16:9 as 1000 × 562.5, 218.75 from the top.
  assert.deepEqual(placeBox(box, { width: 1000, height: 1000 }), { left: 500, top: 500, width: 50, height: 28.125 });
  // The frame that was looked at may be smaller than the video.
  const small = { ...box, x: 320, y: 180, w: 32, h: 18, frame_w: 640, frame_h: 360 };
  assert.deepEqual(placeBox(small, { width: 1280, height: 720 }, { width: 1920, height: 1080 }), { left: 640, top: 360, width: 64, height: 36 });
});

test("faces of a moment: the nearest box of each row, within the tolerance", () => {
  const box = (time: number) => ({ time, x: 0, y: 0, w: 1, h: 1, frame_w: 1, frame_h: 1 });
  const rows = [{ key: "a", boxes: [box(1), box(2)] }, { key: "b", boxes: [box(9)] }, { key: "c", boxes: [] }] as unknown as Row[];
  assert.deepEqual(boxesAt(rows, 1.9, 0.3).map((one) => [one.row.key, one.box.time]), [["a", 2]]);
});

test("a click on a lane means the stretch it hits, else the nearest sighting", () => {
  const row = { times: [10, 90], spans: [{ start: 5, end: 20 }] };
  assert.equal(nearestTime(row, 100, 0.15), 15);
  assert.equal(nearestTime(row, 100, 0.4), 10);
  assert.equal(nearestTime(row, 100, 0.8), 90);
  assert.equal(nearestTime({ times: [], spans: [] }, 100, 0.5), 50);
});

test("only the cells in view are drawn", () => {
  assert.deepEqual(visibleCells(900, 6, 92, 0, 280), { first: 0, last: 36, padTop: 0, height: 13800 });
  const middle = visibleCells(900, 6, 92, 4600, 280);
  assert.equal(middle.first, 288);
  assert.ok(middle.last - middle.first <= 60);
  assert.deepEqual(visibleCells(0, 6, 92, 0, 280), { first: 0, last: 0, padTop: 0, height: 0 });
  assert.deepEqual(pages([1, 2, 3, 4, 5], 2), [[1, 2], [3, 4], [5]]);
});

test("axes", () => {
  assert.deepEqual([0, 0.3, 7, 12, 26, 100].map(niceTop), [1, 0.5, 10, 20, 50, 100]);
  assert.deepEqual(sparse(3, 6), [0, 1, 2]);
  assert.deepEqual(sparse(30, 4), [0, 8, 16, 24]);
  assert.deepEqual(sparse(10, 6), [0, 2, 4, 6, 8]);
});

test("the pages that we know", () => {
  assert.deepEqual(entityOfPath("/scenes/12"), { type: "scene", id: "12" });
  assert.deepEqual(entityOfPath("/performers/3/scenes"), { type: "performer", id: "3" });
  assert.deepEqual(["/scenes", "/scenes/markers", "/scenes/12x", "/plugins/stashai"].map(entityOfPath), [undefined, undefined, undefined, undefined]);
});

test("one element of a tree is replaced, the rest is the same", () => {
  const other = <p key="other">untouched</p>;
  const tree = <div>{other}<section><ul><li key="rescan" /><li key="generate" /></ul></section></div>;
  const next = replaceFirst(tree, (one) => childKeys(one).includes("generate"), (ul) => React.cloneElement(ul, { id: "found" })) as typeof tree;
  assert.equal(next.props.children[0], other);
  assert.equal(next.props.children[1].props.children.props.id, "found");
  assert.equal(replaceFirst(tree, () => false, (one) => one), tree);
});

test("a store tells its listeners once a change", () => {
  const store = createStore(1);
  let told = 0;
  const stop = store.subscribe(() => (told += 1));
  store.set(2);
  store.set(2);
  stop();
  store.set(3);
  assert.deepEqual([told, store.get()], [1, 3]);
});

const answering = (answer: unknown): GraphQL & { sent: unknown[] } => {
  const sent: unknown[] = [];
  const mutate = async (_text: string, variables?: unknown) => {
    sent.push(variables);
    if (answer instanceof Error) throw answer;
    return answer as never;
  };
  return { sent, mutate, query: mutate, refetch: async () => undefined };
};

test("every call carries the version; failures keep code and remedy", async () => {
  const good = answering({ runPluginOperation: { ok: true, data: { a: 1 } } });
  assert.deepEqual(await runOperation(good, "health", { x: 1 }), { a: 1 });
  assert.deepEqual(good.sent, [{ id: "stashai", args: { x: 1, op: "health", v: "0.0.0-test" } }]);
  const bad = answering({ runPluginOperation: { ok: false, error: { code: "reload", message: "Reload this page", remedy: "r" } } });
  await assert.rejects(runOperation(bad, "health"), (error: Failure) => error.code === "reload" && error.remedy === "r");
  await assert.rejects(runOperation(answering({ runPluginOperation: null }), "health"), (error: Failure) => error.code === "no_answer");
  await assert.rejects(runOperation(answering(new Error("down")), "health"), (error: Failure) => error.message === "down");
  for (const how of ["signal: killed", "signal: segmentation fault"]) {
    await assert.rejects(runOperation(answering(new Error(how)), "step"), (error: Failure) => /memory/.test(translator("en").failure(error).what));
  }
});

test("a task's arguments are plain values", async () => {
  const graphql = answering({ runPluginTask: "5" });
  assert.equal(await runTask(graphql, null, "d", { ids_json: "[1]" }), "5");
  assert.deepEqual(graphql.sent, [{ id: "stashai", task: null, description: "d", args: { ids_json: "[1]" } }]);
});

test("all languages have all texts with the same places", () => {
  const places = (text: string) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort().join();
  const english = catalogs.en!;
  for (const [language, catalog] of Object.entries(catalogs)) {
    assert.deepEqual(Object.keys(catalog).sort(), Object.keys(english).sort(), language);
    for (const [key, text] of Object.entries(catalog)) {
      assert.ok(text.trim(), `${language} ${key}`);
      assert.equal(places(text), places(english[key as keyof typeof english]), `${language} ${key}`);
    }
  }
  assert.equal(new Set(["en", "de", "fr", "es", "ja", "zh"].map((one) => catalogs[one]!.identify)).size, 6);
});

test("performers, images and scenes are called as Stash calls them in that language", () => {
  const nouns: Record<string, string[]> = {
    de: ["Darsteller", "Bild", "Szene"], fr: ["performeur", "image", "scène"], es: ["actrices", "imagen", "escena"],
    ja: ["出演者", "画像", "シーン"], zh: ["演员", "图片", "短片"],
  };
  for (const [language, [performer, image, scene]] of Object.entries(nouns)) {
    const texts = catalogs[language]!;
    assert.ok(texts.learnNow.includes(performer!), `${language} ${performer}`);
    assert.ok(texts.whoImage.includes(image!), `${language} ${image}`);
    assert.ok(texts.whoScene.includes(scene!), `${language} ${scene}`);
  }
});

test("plurals, numbers and certainty in Stash's language", () => {
  const en = translator("en-GB");
  assert.deepEqual([en("inFrames", { n: 1 }), en("inFrames", { n: 1200 })], ["1 frame", "1,200 frames"]);
  assert.deepEqual([1, 0.997, 0.5, 0.001].map(en.percent), ["> 99%", "> 99%", "50%", "< 1%"]);
  assert.match(translator("de-DE")("inFrames", { n: 1200 }), /^1\.200 /);
  assert.equal(en.date(Date.UTC(2026, 10, 20, 12) / 1000), en.date("2026-11-20T12:00:00Z"));
  assert.equal(en.date("soon"), "soon");
  assert.equal(translator("xx-nonsense-")("undo"), "Undo");
  assert.equal(translator("sv-SE")("undo"), "Undo");
});

test("what the Python side says is said in Stash's language, by its code; unknown codes in its own words", () => {
  const german = translator("de-DE");
  assert.equal(german.said({ code: "pictures-of", text: "1,200 of 5,000 pictures", params: { done: 1200, total: 5000 } }), "1.200 von 5.000 Bildern");
  assert.equal(german.said({ code: "compared-with", text: "compared with 8 of 20,000", params: { done: 8, total: 20000 } }), german("said:compared-with", { done: 8, total: 20000 }));
  assert.equal(translator("en-GB").said({ code: "packages-mb", text: "Fetching packages: 12 MB", params: { mb: 12 } }), "Fetching packages: 12 MB");
  assert.equal(german.said({ code: "brand-new", text: "Something new." }), "Something new.");
});

test("failures in Stash's language with what helps, as far as they name what was sent; in English the Python side's own words", () => {
  const room = { code: "no-room", message: "There are 100 MB free in /d, and 900 MB are needed.", remedy: "Make room.", params: { folder: "/d", free: 100, needed: 900 } };
  assert.match(translator("de-DE").failure(room).what, /^In \/d sind 100 MB frei, nötig sind 900 MB\. .+/);
  assert.equal(translator("ja-JP").failure(room).help, "");
  assert.deepEqual(translator("en-GB").failure(room), { what: room.message, help: "Make room." });
  assert.deepEqual(translator("de-DE").failure({ ...room, params: {} }), { what: room.message, help: "Make room." });
  assert.equal(translator("fr-FR").failure({ code: "brand-new", message: "Something new.", remedy: "Wait." }).help, "Wait.");
  for (const [code, words] of Object.entries(sentences)) {
    assert.ok(words!.length === LANGUAGES.length && words!.every((one) => one.trim()), code);
    assert.equal(new Set(words!.map((one) => [...new Set(one.match(/\{\w+\}/g) ?? [])].sort().join())).size, 1, code);
  }
});

test("what is said of rows arrives in the order in which it was said, even after a failure", async () => {
  const began: string[] = [];
  const waiting: ((failed: boolean) => void)[] = [];
  const mutate = (_text: string, variables?: Record<string, unknown>) =>
    new Promise((resolve, reject) => {
      began.push((variables!.args as { verdict?: string; op: string }).verdict ?? "apply");
      waiting.push((failed) => (failed ? reject(new Error("offline")) : resolve({ runPluginOperation: { ok: true, data: null } })));
    });
  const ops = operations({ mutate } as unknown as GraphQL);
  const refused = ops.decide("j", "p1", "not", "1").catch(() => "failed");
  const rest = [ops.decide("j", "p1", "none", "1"), ops.apply("j", [])];
  for (const [index, failed] of [true, false, false].entries()) {
    while (!waiting[index]) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(began.length, index + 1);
    waiting[index]!(failed);
  }
  await Promise.all(rest);
  assert.equal(await refused, "failed");
  assert.deepEqual(began, ["not", "none", "apply"]);
});
