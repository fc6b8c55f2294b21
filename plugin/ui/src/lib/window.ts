/** Which cells of a long grid are on the screen, so that thousands of faces cost no more than the visible ones. */
export interface Shown {
  first: number;
  last: number;
  padTop: number;
  height: number;
}

/** `last` is exclusive; `height` that of all rows. `overscan` rows are kept ready above and below. */
export function visibleCells(count: number, columns: number, rowHeight: number, scrollTop: number, viewHeight: number, overscan = 2): Shown {
  const perRow = Math.max(1, columns);
  const rows = Math.ceil(count / perRow);
  const firstRow = Math.min(rows, Math.max(0, Math.floor(scrollTop / rowHeight) - overscan));
  const lastRow = Math.min(rows, Math.ceil((scrollTop + viewHeight) / rowHeight) + overscan);
  return { first: firstRow * perRow, last: Math.min(count, lastRow * perRow), padTop: firstRow * rowHeight, height: rows * rowHeight };
}

/** Splits `keys` into pages of at most `size`. */
export function pages<T>(keys: readonly T[], size: number): T[][] {
  const result: T[][] = [];
  for (let start = 0; start < keys.length; start += size) result.push(keys.slice(start, start + size));
  return result;
}
