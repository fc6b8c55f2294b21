/** Results grow while they are looked at: a row that is there already keeps its place, new ones come after it. */
import type { Result, Row } from "../types";

function sorted(before: readonly Row[], now: readonly Row[]): Row[] {
  const places = new Map(before.map((row, index) => [row.key, index]));
  const place = (row: Row) => places.get(row.key) ?? before.length;
  return [...now].sort((a, b) => place(a) - place(b));
}

export function inPlace(before: Result | null, now: Result): Result {
  if (!before) return now;
  return { ...now, people: sorted(before.people, now.people), unknown: sorted(before.unknown, now.unknown) };
}
