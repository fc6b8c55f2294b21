import assert from "node:assert/strict";
import { test } from "node:test";
import { accepted, decide, namesToAdd, noChoices, reviewRows } from "@ui/review/choices";
import type { Result, Row } from "@ui/types";

const row = (key: string, change: Partial<Row> = {}): Row => ({ key, state: "proposed", performer_id: key, name: `Name ${key}`, probability: 0.9, tagged: false, times: [], spans: [], frames: 1, candidates: [], boxes: [], ...change });
const result = (...people: Row[]): Result => ({ provisional: false, source: "", people, unknown: [] });

test("only what is at or above the limit is ticked, never what is tagged already", () => {
  const rows = reviewRows(result(row("1", { probability: 0.95 }), row("2", { probability: 0.949 }), row("3", { probability: 0.99, tagged: true })), noChoices, 0.95);
  assert.deepEqual(rows.map((one) => one.ticked), [true, false, false]);
});

test("decisions stay while rows are refined", () => {
  let choices = decide(noChoices, { kind: "tick", key: "1", ticked: false });
  choices = decide(choices, { kind: "choose", key: "2", performer: { id: "77", name: "Else" } });
  const rows = reviewRows(result(row("1", { probability: 0.999 }), row("2", { probability: 0.2 })), choices, 0.95);
  assert.deepEqual(accepted(rows, false), [{ person: "2", performer_id: "77" }]);
});

test("a rejected name is not added; undo brings it back", () => {
  const rejected = decide(noChoices, { kind: "verdict", key: "1", verdict: "not" });
  const one = result(row("1", { probability: 0.99 }));
  assert.deepEqual(accepted(reviewRows(one, rejected, 0.95), false), []);
  const back = decide(rejected, { kind: "undo" });
  assert.deepEqual(accepted(reviewRows(one, back, 0.95), true), [{ person: "1", performer_id: "1", images: true }]);
  assert.equal(decide(noChoices, { kind: "undo" }), noChoices);
});

test("what the backend has as rejected or applied is shown so and not ticked", () => {
  const rows = reviewRows(result(row("1", { state: "rejected", probability: 0.99 }), row("2", { state: "applied", probability: 0.99 })), noChoices, 0.5);
  assert.deepEqual(rows.map((one) => [one.ticked, one.verdict, one.applied]), [[false, "not", false], [false, undefined, true]]);
});

test("an unknown face without a choice cannot be added", () => {
  const unknown: Result = { ...result(), unknown: [row("u", { performer_id: null, name: null })] };
  const rows = reviewRows(unknown, decide(noChoices, { kind: "tick", key: "u", ticked: true }), 0.95);
  assert.deepEqual(accepted(rows, false), []);
});

test("the button names each person once, in order", () => {
  const rows = reviewRows(result(row("1", { probability: 1, name: "Jane" }), row("2", { probability: 1, name: "Ann" }), row("3", { probability: 1, name: "Jane" })), noChoices, 0.95);
  assert.deepEqual(namesToAdd(rows), ["Jane", "Ann"]);
});
