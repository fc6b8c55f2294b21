/** What comes when: rows of a growing result, and calls whose order matters. */
import type { Result, Row } from "../types";

function sorted(before: readonly Row[], now: readonly Row[]): Row[] {
  const places = new Map(before.map((row, index) => [row.key, index]));
  const place = (row: Row) => places.get(row.key) ?? before.length;
  return [...now].sort((a, b) => place(a) - place(b));
}

/** Results grow while they are looked at: a row that is there already keeps its place, new ones come after it. */
export function inPlace(before: Result | null, now: Result): Result {
  if (!before) return now;
  return { ...now, people: sorted(before.people, now.people), unknown: sorted(before.unknown, now.unknown) };
}

/** Stash runs operations in parallel: what is given to the answer runs one after the other, as it was given. */
export function oneByOne(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const now = last.then(work);
    last = now.catch(() => undefined);
    return now;
  };
}
