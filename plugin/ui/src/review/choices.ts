/**
 * What the user decided about the rows of a review. Rows change while they are refined; decisions stay, by the row's key. Only what
 * is at or above the limit is ticked without being asked.
 */
import type { Accepted, Result, Row } from "../types";

export interface Choice {
  ticked: boolean;
  performer?: { id: string; name: string };
  verdict?: "not" | "skip";
}

export interface Choices {
  byRow: Record<string, Choice>;
  /** Keys in the order of decision, for undo. */
  history: { key: string; before: Choice | undefined }[];
}

export type Decision =
  | { kind: "tick"; key: string; ticked: boolean; performer?: { id: string; name: string } }
  | { kind: "choose"; key: string; performer: { id: string; name: string } }
  | { kind: "verdict"; key: string; verdict: "not" | "skip" }
  | { kind: "undo" };

export const noChoices: Choices = { byRow: {}, history: [] };

export function decide(choices: Choices, decision: Decision): Choices {
  switch (decision.kind) {
    case "undo": {
      const last = choices.history[choices.history.length - 1];
      if (!last) return choices;
      const { [last.key]: _gone, ...others } = choices.byRow;
      const byRow = last.before ? { ...others, [last.key]: last.before } : others;
      return { byRow, history: choices.history.slice(0, -1) };
    }
    case "tick":
      return put(choices, decision.key, { ...choices.byRow[decision.key], verdict: undefined, ticked: decision.ticked });
    case "choose":
      return put(choices, decision.key, { ticked: true, performer: decision.performer });
    case "verdict":
      return put(choices, decision.key, { ...choices.byRow[decision.key], ticked: false, verdict: decision.verdict });
  }
}

function put(choices: Choices, key: string, choice: Choice): Choices {
  const history = [...choices.history, { key, before: choices.byRow[key] }];
  return { byRow: { ...choices.byRow, [key]: choice }, history };
}

export interface ReviewRow {
  row: Row;
  ticked: boolean;
  performer?: { id: string; name: string };
  /** Chosen by the user instead of what was recognised. */
  chosen: boolean;
  verdict?: "not" | "skip";
  applied: boolean;
}

/** A row as it stands after the user's decisions; `addFrom` is the "add" limit, a probability. */
function reviewRow(row: Row, choice: Choice | undefined, addFrom: number): ReviewRow {
  const recognised = row.performer_id ? { id: row.performer_id, name: row.name ?? "" } : undefined;
  const performer = choice?.performer ?? recognised;
  const verdict = choice ? choice.verdict : row.state === "rejected" ? "not" : row.state === "skipped" ? "skip" : undefined;
  const sure = !!recognised && !row.tagged && row.state !== "applied" && (row.state === "ticked" || (row.probability ?? 0) >= addFrom);
  const ticked = choice ? choice.ticked && !!performer : sure && !verdict;
  return { row, performer, ticked, chosen: !!choice?.performer, verdict, applied: row.state === "applied" };
}

/** People first, best first as they came; then the unknown ones. */
export function reviewRows(result: Result | null, choices: Choices, addFrom: number): ReviewRow[] {
  if (!result) return [];
  return [...result.people, ...result.unknown].map((row) => reviewRow(row, choices.byRow[row.key], addFrom));
}

export function accepted(rows: readonly ReviewRow[], images: boolean): Accepted[] {
  const wanted: Accepted[] = [];
  for (const { row, performer, ticked } of rows) {
    if (ticked && performer) wanted.push({ person: row.key, performer_id: performer.id, ...(images ? { images } : {}) });
  }
  return wanted;
}

/** The names that a click will add, each once, in the order of the rows. */
export function namesToAdd(rows: readonly ReviewRow[]): string[] {
  const names = rows.filter((row) => row.ticked && row.performer).map((row) => row.performer!.name);
  return [...new Set(names)];
}
