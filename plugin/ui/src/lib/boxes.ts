/** Where a face's box lies on the screen: pictures and videos are scaled to fit and centred in their element. */
import type { Box, Row } from "../types";

export interface Rect {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** `outer` is the element's size, `frame` the size of the picture that it shows (letter-boxed). Pixels; a face at the edge ends there. */
export function placeBox(box: Box, outer: { width: number; height: number }, frame?: { width: number; height: number }): Rect {
  const shown = frame && frame.width > 0 && frame.height > 0 ? frame : { width: box.frame_w, height: box.frame_h };
  const scale = Math.min(outer.width / shown.width, outer.height / shown.height);
  const left = (outer.width - shown.width * scale) / 2;
  const top = (outer.height - shown.height * scale) / 2;
  const [kx, ky] = [(shown.width / box.frame_w) * scale, (shown.height / box.frame_h) * scale];
  const [x, width] = within(box.x, box.w, box.frame_w);
  const [y, height] = within(box.y, box.h, box.frame_h);
  return { left: left + x * kx, top: top + y * ky, width: width * kx, height: height * ky };
}

function within(start: number, length: number, whole: number): [number, number] {
  const from = Math.max(0, start);
  return [from, Math.min(whole, start + length) - from];
}

export interface NamedBox {
  row: Row;
  box: Box;
}

/** The faces known at this time of the video: of each row the box nearest to it, if within `tolerance` seconds. */
export function boxesAt(rows: readonly Row[], time: number, tolerance: number): NamedBox[] {
  const found: NamedBox[] = [];
  for (const row of rows) {
    const away = (box: Box) => Math.abs((box.time ?? Infinity) - time);
    const nearest = row.boxes.reduce<Box | undefined>((best, box) => (!best || away(box) < away(best) ? box : best), undefined);
    if (nearest && away(nearest) <= tolerance) found.push({ row, box: nearest });
  }
  return found;
}
