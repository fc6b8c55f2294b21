import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "@ui/api/graphql";
import { waitAfter } from "@ui/lib/pace";
import { createSession } from "@ui/review/session";
import type { JobRow, Result, Row, StepAnswer } from "@ui/types";

const job = (state: JobRow["state"] = "processing"): JobRow => ({ id: "j", title: "", state, progress: 0, done: 0, total: 1, failed: 0 });
const result = (provisional: boolean): Result => ({ provisional, source: "sprite", people: [], unknown: [] });
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A backend whose steps are given, and a clock in which a call takes `took` milliseconds. */
function bench(steps: (StepAnswer | Error)[], took = 0) {
  const log: string[] = [];
  const sleeps: number[] = [];
  let now = 0;
  let show: (() => void) | null = null;
  let hidden = false;
  const setups = [{ state: "running" as const, fraction: 0.5 }, { state: "done" as const, fraction: 1 }];
  const ops = {
    identify: async () => (log.push("identify"), job()),
    step: async () => {
      log.push("step");
      now += took;
      const answer = steps.shift() ?? { job: job("completed"), result: null, more: false };
      if (answer instanceof Error) throw answer;
      return answer;
    },
    pause: async () => void log.push("pause"),
    setUp: async () => (log.push("setup"), { state: "running" as const, fraction: 0 }),
    setupStatus: async () => (log.push("setup_status"), setups.shift()!),
  };
  const pace = {
    now: () => now,
    sleep: async (milliseconds: number) => {
      sleeps.push(milliseconds);
      now += milliseconds;
      await settled();
    },
    visible: () => (hidden ? new Promise<void>((resolve) => (show = resolve)) : Promise.resolve()),
  };
  return { ops, pace, log, sleeps, hide: () => (hidden = true), show: () => ((hidden = false), show?.()) };
}
const target = { type: "scene" as const, id: "1", mode: "auto" as const };
async function until(check: () => boolean) {
  for (let turn = 0; turn < 200 && !check(); turn += 1) await settled();
  assert.ok(check(), "did not come to it");
}

test("steps follow one another until there is no more, at least two seconds apart", async () => {
  const it = bench([{ job: job(), result: result(true), more: true }, { job: job("completed"), result: result(false), more: false }], 300);
  const session = createSession(it.ops, target, it.pace);
  session.start();
  await until(() => session.store.get().phase === "done");
  assert.deepEqual(it.log, ["identify", "step", "step"]);
  assert.deepEqual(it.sleeps, [1700]);
  assert.equal(session.store.get().result?.provisional, false);
});

test("what is known from earlier shows before the first step answers", async () => {
  const it = bench([{ job: job("completed"), result: result(false), more: false }]);
  const session = createSession({ ...it.ops, identify: async () => ({ ...job(), result: result(true) }) }, target, it.pace);
  const seen: unknown[] = [];
  session.store.subscribe(() => seen.push(session.store.get().result?.provisional));
  session.start();
  await until(() => session.store.get().phase === "done");
  assert.deepEqual(seen, [undefined, true, false, false]);
});

test("rows keep their places while they are refined; new ones come after", async () => {
  const rows = (...keys: string[]) => keys.map((key) => ({ key }) as Row);
  const looks = [rows("a", "b"), rows("c", "b", "a"), rows("b", "d", "c")].map((people) => ({ ...result(true), people }));
  const it = bench(looks.map((look, index) => ({ job: job(), result: look, more: index < 2 })));
  const session = createSession(it.ops, target, it.pace);
  const seen: string[] = [];
  session.store.subscribe(() => seen.push((session.store.get().result?.people ?? []).map((row) => row.key).join("")));
  session.start();
  await until(() => session.store.get().phase === "done");
  assert.deepEqual([...new Set(seen)], ["", "ab", "abc", "bcd"]);
});

test("a step that worked longer than two seconds is followed at once", () => {
  assert.equal(waitAfter(0, 4800), 0);
  assert.equal(waitAfter(1000, 1500), 1500);
});

test("a result stays while a step brings none", async () => {
  const it = bench([{ job: job(), result: result(true), more: true }, { job: job("completed"), result: null, more: false }]);
  const session = createSession(it.ops, target, it.pace);
  session.start();
  await until(() => session.store.get().phase === "done");
  assert.equal(session.store.get().result?.provisional, true);
});

test("closing pauses the row and drops late answers; opening goes on with the same job", async () => {
  const it = bench([{ job: job(), result: result(true), more: true }]);
  const session = createSession(it.ops, target, it.pace);
  session.start();
  await until(() => it.log.includes("step"));
  session.pause();
  await settled();
  assert.equal(session.store.get().phase, "paused");
  assert.ok(it.log.includes("pause"));
  session.start();
  await until(() => session.store.get().phase === "done");
  assert.equal(it.log.filter((line) => line === "identify").length, 1);
});

test("no step while the page is hidden", async () => {
  const it = bench([]);
  it.hide();
  const session = createSession(it.ops, target, it.pace);
  session.start();
  await until(() => it.log.includes("identify"));
  for (let turn = 0; turn < 20; turn += 1) await settled();
  assert.deepEqual(it.log, ["identify"]);
  it.show();
  await until(() => session.store.get().phase === "done");
});

test("without a runtime there is no job yet: it is asked for after the set-up", async () => {
  const it = bench([]);
  const plan = { download_mb: 78, folder: "/data", parts: [] };
  const answers = [{ job: null, needs: { setup: plan } }, job()] as const;
  let asked = 0;
  const session = createSession({ ...it.ops, identify: async () => answers[asked++]! }, target, it.pace);
  session.start();
  await until(() => session.store.get().phase === "asking");
  session.acceptSetup();
  await until(() => session.store.get().phase === "done");
  assert.equal(asked, 2);
});

test("what is missing is asked for once, installed, then the look goes on", async () => {
  const plan = { download_mb: 78, folder: "/data", parts: [] };
  const it = bench([{ job: job(), result: null, more: false, needs: { setup: plan } }]);
  const session = createSession(it.ops, target, it.pace);
  session.start();
  await until(() => session.store.get().phase === "asking");
  assert.equal(session.store.get().plan?.download_mb, 78);
  session.acceptSetup();
  await until(() => session.store.get().phase === "done");
  assert.deepEqual(it.log, ["identify", "step", "setup", "setup_status", "setup_status", "step"]);
});

test("a failure says what helps and can be tried again", async () => {
  const it = bench([new Failure({ code: "media", message: "gone", remedy: "mount it" })]);
  const session = createSession(it.ops, target, it.pace);
  session.start();
  await until(() => session.store.get().phase === "failed");
  assert.equal(session.store.get().failure?.remedy, "mount it");
  session.start();
  await until(() => session.store.get().phase === "done");
});

test("a job that failed shows its own error", async () => {
  const it = bench([{ job: { ...job("failed"), error: { code: "media", message: "cannot be read" } }, result: null, more: false }]);
  const session = createSession(it.ops, target, it.pace);
  session.start();
  await until(() => session.store.get().phase === "failed");
  assert.equal(session.store.get().failure?.message, "cannot be read");
});
